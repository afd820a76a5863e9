# Čeština. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = K těmto přihlašovacím údajům neexistuje žádný aktivní účet
account-not-found = K tomuto tokenu neexistuje žádný aktivní účet.
password-changed = Heslo uživatele bylo změněno.
credentials-malformed = Hlavička Authorization musí obsahovat dvě hodnoty oddělené mezerou
no-type-fits = Předaný token není platný pro žádný typ tokenu
no-user-claim = Token neobsahuje rozpoznatelné označení uživatele
user-not-found = Uživatel nebyl nalezen
user-inactive = Uživatel není aktivní
token-invalid = Token není platný
token-expired = Platnost tokenu vypršela
token-blacklisted = Token je na seznamu zablokovaných
token-no-id = Token nemá identifikátor
token-no-type = Token nemá typ
token-wrong-type = Token je nesprávného typu
token-no-claim = Tokenu chybí údaj '{ $claim }'
token-claim-expired = Platnost údaje '{ $claim }' v tokenu vypršela

## Requests.

credentials-absent = Nebyly předány přihlašovací údaje.
not-acceptable = Hlavičce Accept v požadavku nelze vyhovět.
not-found = Nenalezeno.
method-not-allowed = Metoda "{ $method }" není povolena.
unsupported-type = Typ obsahu "{ $type }" v požadavku není podporován.
unsupported-encoding = Kódování obsahu "{ $encoding }" v požadavku není podporováno.
body-too-large = Tělo požadavku je příliš velké.
body-too-slow = Tělo požadavku nedorazilo včas.
body-unreadable = Tělo požadavku se nepodařilo přečíst.
throttled = Požadavek byl omezen. Zkuste to znovu za { $wait } s.
throttled-briefly = Požadavek byl omezen. Zkuste to znovu za sekundu.

## Fields of a request.

no-data = Nebyla předána žádná data
not-an-object = Neplatná data. Byl očekáván objekt, ale přišel { $datatype }.
field-required = Toto pole je povinné.
field-null = Toto pole nesmí být null.
field-blank = Toto pole nesmí být prázdné.
field-not-text = To není platný řetězec.
field-nul = Nulové znaky nejsou povoleny.
field-surrogate = Náhradní znaky nejsou povoleny: { $unit }.

## The server.

unavailable = Služba je dočasně nedostupná, zkuste to později.
broken = Na serveru došlo k chybě.
