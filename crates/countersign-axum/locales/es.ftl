# Español. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = No existe ninguna cuenta activa con esas credenciales
account-not-found = No existe ninguna cuenta activa para ese token.
password-changed = La contraseña del usuario ha cambiado.
credentials-malformed = La cabecera Authorization debe tener dos valores separados por un espacio
no-type-fits = El token presentado no sirve para ningún tipo de token
no-user-claim = El token no identifica a ningún usuario de forma reconocible
user-not-found = No se ha encontrado el usuario
user-inactive = El usuario está inactivo
token-invalid = El token no es válido
token-expired = El token ha caducado
token-blacklisted = El token está en la lista negra
token-no-id = El token no tiene identificador
token-no-type = El token no tiene tipo
token-wrong-type = El token es de otro tipo
token-no-claim = Al token le falta el atributo '{ $claim }'
token-claim-expired = El atributo '{ $claim }' del token ha caducado

## Requests.

credentials-absent = No se han enviado credenciales de autenticación.
not-acceptable = No se puede satisfacer la cabecera Accept de la petición.
not-found = No encontrado.
method-not-allowed = El método "{ $method }" no está permitido.
unsupported-type = El tipo de medio "{ $type }" de la petición no está admitido.
unsupported-encoding = La codificación de contenido "{ $encoding }" de la petición no está admitida.
body-too-large = El cuerpo de la petición es demasiado grande.
body-too-slow = El cuerpo de la petición no ha llegado a tiempo.
body-unreadable = No se ha podido leer el cuerpo de la petición.
throttled = La solicitud se ha limitado. Se espera que esté disponible en { $wait } segundos.
throttled-briefly = La solicitud se ha limitado. Se espera que esté disponible en un segundo.

## Fields of a request.

no-data = No se han enviado datos
not-an-object = Datos no válidos. Se esperaba un objeto, pero se ha recibido { $datatype }.
field-required = Este campo es obligatorio.
field-null = Este campo no puede ser nulo.
field-blank = Este campo no puede estar en blanco.
field-not-text = No es una cadena válida.
field-nul = No se admiten caracteres nulos.
field-surrogate = No se admiten caracteres sustitutos: { $unit }.

## The server.

unavailable = El servicio no está disponible por el momento, inténtelo de nuevo más tarde.
broken = Se ha producido un error en el servidor.
