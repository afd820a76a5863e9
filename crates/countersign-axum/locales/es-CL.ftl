# Español (Chile). The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = No hay ninguna cuenta activa con esas credenciales
account-not-found = No hay ninguna cuenta activa para ese token.
password-changed = La contraseña del usuario fue cambiada.
credentials-malformed = El encabezado Authorization debe tener dos valores separados por un espacio
no-type-fits = El token enviado no sirve para ningún tipo de token
no-user-claim = El token no identifica a ningún usuario de forma reconocible
user-not-found = No se encontró al usuario
user-inactive = El usuario está inactivo
token-invalid = El token no es válido
token-expired = El token expiró
token-blacklisted = El token está en la lista negra
token-no-id = El token no tiene identificador
token-no-type = El token no tiene tipo
token-wrong-type = El token es de otro tipo
token-no-claim = Al token le falta el atributo '{ $claim }'
token-claim-expired = El atributo '{ $claim }' del token expiró

## Requests.

credentials-absent = No se enviaron credenciales de autenticación.
not-acceptable = No se puede satisfacer el encabezado Accept de la solicitud.
not-found = No encontrado.
method-not-allowed = El método "{ $method }" no está permitido.
unsupported-type = El tipo de medio "{ $type }" de la solicitud no está admitido.
unsupported-encoding = La codificación de contenido "{ $encoding }" de la solicitud no está admitida.
body-too-large = El cuerpo de la solicitud es demasiado grande.
body-too-slow = El cuerpo de la solicitud no llegó a tiempo.
body-unreadable = No se pudo leer el cuerpo de la solicitud.
throttled = La solicitud se ha limitado. Se espera que esté disponible en { $wait } segundos.
throttled-briefly = La solicitud se ha limitado. Se espera que esté disponible en un segundo.

## Fields of a request.

no-data = No se enviaron datos
not-an-object = Datos no válidos. Se esperaba un objeto, pero se recibió { $datatype }.
field-required = Este campo es obligatorio.
field-null = Este campo no puede ser nulo.
field-blank = Este campo no puede estar en blanco.
field-not-text = No es una cadena válida.
field-nul = No se permiten caracteres nulos.
field-surrogate = No se permiten caracteres sustitutos: { $unit }.

## The server.

unavailable = El servicio no está disponible por el momento, intente nuevamente más tarde.
broken = Ocurrió un error en el servidor.
