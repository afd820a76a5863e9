# Svenska. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Det finns inget aktivt konto med de uppgifterna
account-not-found = Det finns inget aktivt konto för den token som angavs.
password-changed = Användarens lösenord har ändrats.
credentials-malformed = Authorization-huvudet måste bestå av två värden åtskilda av ett mellanslag
no-type-fits = Den angivna token är inte giltig för någon typ av token
no-user-claim = Token innehåller ingen igenkännbar användare
user-not-found = Användaren hittades inte
user-inactive = Användaren är inaktiv
token-invalid = Token är ogiltig
token-expired = Token har gått ut
token-blacklisted = Token är spärrad
token-no-id = Token saknar id
token-no-type = Token saknar typ
token-wrong-type = Token är av fel typ
token-no-claim = Token saknar uppgiften '{ $claim }'
token-claim-expired = Uppgiften '{ $claim }' i token har gått ut

## Requests.

credentials-absent = Inga inloggningsuppgifter skickades med.
not-acceptable = Begärans Accept-huvud kan inte uppfyllas.
not-found = Hittades inte.
method-not-allowed = Metoden "{ $method }" är inte tillåten.
unsupported-type = Medietypen "{ $type }" i begäran stöds inte.
unsupported-encoding = Innehållskodningen "{ $encoding }" i begäran stöds inte.
body-too-large = Begärans innehåll är för stort.
body-too-slow = Begärans innehåll kom inte fram i tid.
body-unreadable = Begärans innehåll kunde inte läsas.
throttled = Begäran begränsades. Förväntas bli tillgänglig om { $wait } sekunder.
throttled-briefly = Begäran begränsades. Förväntas bli tillgänglig om en sekund.

## Fields of a request.

no-data = Inga data skickades med
not-an-object = Ogiltiga data. Ett objekt förväntades, men { $datatype } togs emot.
field-required = Det här fältet måste fyllas i.
field-null = Det här fältet får inte vara null.
field-blank = Det här fältet får inte vara tomt.
field-not-text = Det är ingen giltig text.
field-nul = Nolltecken är inte tillåtna.
field-surrogate = Surrogattecken är inte tillåtna: { $unit }.

## The server.

unavailable = Tjänsten är tillfälligt otillgänglig, försök igen senare.
broken = Ett fel uppstod på servern.
