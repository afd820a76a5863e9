# Română. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Nu există niciun cont activ cu aceste date de autentificare
account-not-found = Nu există niciun cont activ pentru acest token.
password-changed = Parola utilizatorului a fost schimbată.
credentials-malformed = Antetul Authorization trebuie să conțină două valori separate printr-un spațiu
no-type-fits = Tokenul prezentat nu este valabil pentru niciun tip de token
no-user-claim = Tokenul nu conține nicio identificare recognoscibilă a utilizatorului
user-not-found = Utilizatorul nu a fost găsit
user-inactive = Utilizatorul este inactiv
token-invalid = Tokenul nu este valid
token-expired = Tokenul a expirat
token-blacklisted = Tokenul este pe lista neagră
token-no-id = Tokenul nu are identificator
token-no-type = Tokenul nu are tip
token-wrong-type = Tokenul este de alt tip
token-no-claim = Tokenului îi lipsește atributul '{ $claim }'
token-claim-expired = Atributul '{ $claim }' al tokenului a expirat

## Requests.

credentials-absent = Nu au fost trimise date de autentificare.
not-acceptable = Antetul Accept al cererii nu poate fi satisfăcut.
not-found = Nu a fost găsit.
method-not-allowed = Metoda "{ $method }" nu este permisă.
unsupported-type = Tipul media "{ $type }" din cerere nu este acceptat.
unsupported-encoding = Codificarea conținutului "{ $encoding }" din cerere nu este acceptată.
body-too-large = Corpul cererii este prea mare.
body-too-slow = Corpul cererii nu a sosit la timp.
body-unreadable = Corpul cererii nu a putut fi citit.
throttled = Cererea a fost limitată. Va fi disponibilă din nou în { $wait } s.
throttled-briefly = Cererea a fost limitată. Va fi disponibilă din nou într-o secundă.

## Fields of a request.

no-data = Nu au fost trimise date
not-an-object = Date nevalide. Se aștepta un obiect, dar s-a primit { $datatype }.
field-required = Acest câmp este obligatoriu.
field-null = Acest câmp nu poate fi nul.
field-blank = Acest câmp nu poate fi gol.
field-not-text = Nu este un șir de caractere valid.
field-nul = Caracterele nule nu sunt permise.
field-surrogate = Caracterele surogat nu sunt permise: { $unit }.

## The server.

unavailable = Serviciul este temporar indisponibil, încercați din nou mai târziu.
broken = A apărut o eroare pe server.
