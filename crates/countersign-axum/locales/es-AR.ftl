# Español (Argentina). The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = No hay ninguna cuenta activa con esas credenciales
account-not-found = No hay ninguna cuenta activa para ese token.
password-changed = Se cambió la contraseña del usuario.
credentials-malformed = El encabezado Authorization debe tener dos valores separados por un espacio
no-type-fits = El token que enviaste no sirve para ningún tipo de token
no-user-claim = El token no identifica a ningún usuario de forma reconocible
user-not-found = No se encontró el usuario
user-inactive = El usuario está inactivo
token-invalid = El token no es válido
token-expired = El token venció
token-blacklisted = El token está en la lista negra
token-no-id = El token no tiene identificador
token-no-type = El token no tiene tipo
token-wrong-type = El token es de otro tipo
token-no-claim = Al token le falta el atributo '{ $claim }'
token-claim-expired = El atributo '{ $claim }' del token venció

## Requests.

credentials-absent = No enviaste credenciales de autenticación.
not-acceptable = No se puede satisfacer el encabezado Accept de la solicitud.
not-found = No encontrado.
method-not-allowed = El método "{ $method }" no está permitido.
unsupported-type = El tipo de medio "{ $type }" de la solicitud no está admitido.
unsupported-encoding = La codificación de contenido "{ $encoding }" de la solicitud no está admitida.
body-too-large = El cuerpo de la solicitud es demasiado grande.
body-too-slow = El cuerpo de la solicitud no llegó a tiempo.
body-unreadable = No se pudo leer el cuerpo de la solicitud.
throttled = La solicitud fue limitada. Va a estar disponible en { $wait } segundos.
throttled-briefly = La solicitud fue limitada. Va a estar disponible en un segundo.

## Fields of a request.

no-data = No enviaste datos
not-an-object = Datos no válidos. Se esperaba un objeto, pero llegó { $datatype }.
field-required = Este campo es obligatorio.
field-null = Este campo no puede ser nulo.
field-blank = Este campo no puede estar en blanco.
field-not-text = No es una cadena válida.
field-nul = No se permiten caracteres nulos.
field-surrogate = No se permiten caracteres sustitutos: { $unit }.

## The server.

unavailable = El servicio no está disponible por el momento, probá de nuevo más tarde.
broken = Hubo un error en el servidor.
