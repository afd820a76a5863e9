# Slovenščina. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = S temi podatki za prijavo ni nobenega dejavnega računa
account-not-found = Za ta žeton ni nobenega dejavnega računa.
password-changed = Geslo uporabnika je bilo spremenjeno.
credentials-malformed = Glava Authorization mora vsebovati dve vrednosti, ločeni s presledkom
no-type-fits = Dani žeton ni veljaven za nobeno vrsto žetonov
no-user-claim = Žeton ne vsebuje prepoznavne oznake uporabnika
user-not-found = Uporabnika ni mogoče najti
user-inactive = Uporabnik ni dejaven
token-invalid = Žeton ni veljaven
token-expired = Žeton je potekel
token-blacklisted = Žeton je na črnem seznamu
token-no-id = Žeton nima oznake
token-no-type = Žeton nima vrste
token-wrong-type = Žeton je napačne vrste
token-no-claim = Žetonu manjka podatek '{ $claim }'
token-claim-expired = Podatek '{ $claim }' v žetonu je potekel

## Requests.

credentials-absent = Podatki za prijavo niso bili poslani.
not-acceptable = Glavi Accept v zahtevi ni mogoče ustreči.
not-found = Ni najdeno.
method-not-allowed = Metoda "{ $method }" ni dovoljena.
unsupported-type = Vrsta vsebine "{ $type }" v zahtevi ni podprta.
unsupported-encoding = Kodiranje vsebine "{ $encoding }" v zahtevi ni podprto.
body-too-large = Telo zahteve je preveliko.
body-too-slow = Telo zahteve ni prispelo pravočasno.
body-unreadable = Telesa zahteve ni bilo mogoče prebrati.
throttled = Zahteva je bila omejena. Predvidoma bo na voljo čez { $wait } s.
throttled-briefly = Zahteva je bila omejena. Predvidoma bo na voljo čez eno sekundo.

## Fields of a request.

no-data = Podatki niso bili poslani
not-an-object = Neveljavni podatki. Pričakovan je bil objekt, prejeto pa je bilo { $datatype }.
field-required = To polje je obvezno.
field-null = To polje ne sme biti null.
field-blank = To polje ne sme biti prazno.
field-not-text = To ni veljavno besedilo.
field-nul = Ničelni znaki niso dovoljeni.
field-surrogate = Nadomestni znaki niso dovoljeni: { $unit }.

## The server.

unavailable = Storitev začasno ni na voljo, poskusite znova pozneje.
broken = Na strežniku je prišlo do napake.
