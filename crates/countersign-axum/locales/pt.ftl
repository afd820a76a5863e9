# Português. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Não existe nenhuma conta ativa com essas credenciais
account-not-found = Não existe nenhuma conta ativa para esse token.
password-changed = A palavra-passe do utilizador foi alterada.
credentials-malformed = O cabeçalho Authorization tem de conter dois valores separados por um espaço
no-type-fits = O token apresentado não é válido para nenhum tipo de token
no-user-claim = O token não identifica nenhum utilizador de forma reconhecível
user-not-found = Utilizador não encontrado
user-inactive = O utilizador está inativo
token-invalid = O token não é válido
token-expired = O token expirou
token-blacklisted = O token está na lista negra
token-no-id = O token não tem identificador
token-no-type = O token não tem tipo
token-wrong-type = O token é de outro tipo
token-no-claim = Falta ao token o atributo '{ $claim }'
token-claim-expired = O atributo '{ $claim }' do token expirou

## Requests.

credentials-absent = Não foram enviadas credenciais de autenticação.
not-acceptable = Não é possível satisfazer o cabeçalho Accept do pedido.
not-found = Não encontrado.
method-not-allowed = O método "{ $method }" não é permitido.
unsupported-type = O tipo de conteúdo "{ $type }" do pedido não é suportado.
unsupported-encoding = A codificação de conteúdo "{ $encoding }" do pedido não é suportada.
body-too-large = O corpo do pedido é demasiado grande.
body-too-slow = O corpo do pedido não chegou a tempo.
body-unreadable = Não foi possível ler o corpo do pedido.
throttled = O pedido foi limitado. Deverá estar disponível dentro de { $wait } segundos.
throttled-briefly = O pedido foi limitado. Deverá estar disponível dentro de um segundo.

## Fields of a request.

no-data = Não foram enviados dados
not-an-object = Dados inválidos. Esperava-se um objeto, mas foi recebido { $datatype }.
field-required = Este campo é obrigatório.
field-null = Este campo não pode ser nulo.
field-blank = Este campo não pode ficar em branco.
field-not-text = Não é uma cadeia de caracteres válida.
field-nul = Não são permitidos caracteres nulos.
field-surrogate = Não são permitidos caracteres substitutos: { $unit }.

## The server.

unavailable = O serviço está temporariamente indisponível, tente mais tarde.
broken = Ocorreu um erro no servidor.
