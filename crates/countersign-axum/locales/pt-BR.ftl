# Português (Brasil). The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Nenhuma conta ativa corresponde a essas credenciais
account-not-found = Nenhuma conta ativa corresponde a esse token.
password-changed = A senha do usuário foi alterada.
credentials-malformed = O cabeçalho Authorization deve conter dois valores separados por um espaço
no-type-fits = O token apresentado não é válido para nenhum tipo de token
no-user-claim = O token não identifica nenhum usuário de forma reconhecível
user-not-found = Usuário não encontrado
user-inactive = O usuário está inativo
token-invalid = O token é inválido
token-expired = O token expirou
token-blacklisted = O token está na lista de bloqueio
token-no-id = O token não tem identificador
token-no-type = O token não tem tipo
token-wrong-type = O token é do tipo errado
token-no-claim = O token não tem o atributo '{ $claim }'
token-claim-expired = O atributo '{ $claim }' do token expirou

## Requests.

credentials-absent = As credenciais de autenticação não foram enviadas.
not-acceptable = Não é possível atender ao cabeçalho Accept da requisição.
not-found = Não encontrado.
method-not-allowed = O método "{ $method }" não é permitido.
unsupported-type = O tipo de mídia "{ $type }" da requisição não é aceito.
unsupported-encoding = A codificação de conteúdo "{ $encoding }" da requisição não é aceita.
body-too-large = O corpo da requisição é grande demais.
body-too-slow = O corpo da requisição não chegou a tempo.
body-unreadable = Não foi possível ler o corpo da requisição.
throttled = A solicitação foi limitada. Deve estar disponível em { $wait } segundos.
throttled-briefly = A solicitação foi limitada. Deve estar disponível em um segundo.

## Fields of a request.

no-data = Nenhum dado foi enviado
not-an-object = Dados inválidos. Era esperado um objeto, mas foi recebido { $datatype }.
field-required = Este campo é obrigatório.
field-null = Este campo não pode ser nulo.
field-blank = Este campo não pode ficar em branco.
field-not-text = Não é um texto válido.
field-nul = Caracteres nulos não são permitidos.
field-surrogate = Caracteres substitutos não são permitidos: { $unit }.

## The server.

unavailable = O serviço está temporariamente indisponível, tente novamente mais tarde.
broken = Ocorreu um erro no servidor.
