# Nederlands. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Er is geen actief account met deze inloggegevens
account-not-found = Er is geen actief account voor dit token.
password-changed = Het wachtwoord van de gebruiker is gewijzigd.
credentials-malformed = De Authorization-header moet uit twee door een spatie gescheiden waarden bestaan
no-type-fits = Het gegeven token is voor geen enkel soort token geldig
no-user-claim = Het token bevat geen herkenbare gebruiker
user-not-found = Gebruiker niet gevonden
user-inactive = De gebruiker is niet actief
token-invalid = Het token is ongeldig
token-expired = Het token is verlopen
token-blacklisted = Het token staat op de zwarte lijst
token-no-id = Het token heeft geen id
token-no-type = Het token heeft geen soort
token-wrong-type = Het token is van de verkeerde soort
token-no-claim = Het token mist het gegeven '{ $claim }'
token-claim-expired = Het gegeven '{ $claim }' van het token is verlopen

## Requests.

credentials-absent = Er zijn geen inloggegevens meegestuurd.
not-acceptable = Aan de Accept-header van het verzoek kan niet worden voldaan.
not-found = Niet gevonden.
method-not-allowed = De methode "{ $method }" is niet toegestaan.
unsupported-type = Het mediatype "{ $type }" van het verzoek wordt niet ondersteund.
unsupported-encoding = De inhoudscodering "{ $encoding }" van het verzoek wordt niet ondersteund.
body-too-large = De inhoud van het verzoek is te groot.
body-too-slow = De inhoud van het verzoek is niet op tijd aangekomen.
body-unreadable = De inhoud van het verzoek kon niet worden gelezen.
throttled = Het verzoek is begrensd. Naar verwachting weer beschikbaar over { $wait } seconden.
throttled-briefly = Het verzoek is begrensd. Naar verwachting weer beschikbaar over een seconde.

## Fields of a request.

no-data = Geen gegevens meegestuurd
not-an-object = Ongeldige gegevens. Er werd een object verwacht, maar { $datatype } ontvangen.
field-required = Dit veld is verplicht.
field-null = Dit veld mag niet null zijn.
field-blank = Dit veld mag niet leeg zijn.
field-not-text = Dit is geen geldige tekst.
field-nul = Nultekens zijn niet toegestaan.
field-surrogate = Surrogaattekens zijn niet toegestaan: { $unit }.

## The server.

unavailable = De dienst is tijdelijk niet beschikbaar, probeer het later opnieuw.
broken = Er is een fout opgetreden op de server.
