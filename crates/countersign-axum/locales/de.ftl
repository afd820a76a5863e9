# Deutsch. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Zu diesen Zugangsdaten wurde kein aktives Benutzerkonto gefunden
account-not-found = Zu diesem Token wurde kein aktives Benutzerkonto gefunden.
password-changed = Das Passwort des Benutzers wurde geändert.
credentials-malformed = Der Authorization-Header muss aus genau zwei durch ein Leerzeichen getrennten Werten bestehen
no-type-fits = Das übergebene Token ist für keine Token-Art gültig
no-user-claim = Das Token enthält keine erkennbare Benutzerkennung
user-not-found = Benutzer nicht gefunden
user-inactive = Der Benutzer ist nicht aktiv
token-invalid = Das Token ist ungültig
token-expired = Das Token ist abgelaufen
token-blacklisted = Das Token ist gesperrt
token-no-id = Das Token hat keine ID
token-no-type = Das Token hat keine Art
token-wrong-type = Das Token ist von der falschen Art
token-no-claim = Dem Token fehlt die Angabe '{ $claim }'
token-claim-expired = Die Angabe '{ $claim }' des Tokens ist abgelaufen

## Requests.

credentials-absent = Es wurden keine Anmeldedaten übermittelt.
not-acceptable = Der Accept-Header der Anfrage kann nicht erfüllt werden.
not-found = Nicht gefunden.
method-not-allowed = Die Methode "{ $method }" ist nicht erlaubt.
unsupported-type = Der Medientyp "{ $type }" der Anfrage wird nicht unterstützt.
unsupported-encoding = Die Inhaltskodierung "{ $encoding }" der Anfrage wird nicht unterstützt.
body-too-large = Der Inhalt der Anfrage ist zu groß.
body-too-slow = Der Inhalt der Anfrage ist nicht rechtzeitig eingetroffen.
body-unreadable = Der Inhalt der Anfrage konnte nicht gelesen werden.
throttled = Zu viele Versuche. Die Anfrage ist voraussichtlich in { $wait } Sekunden wieder möglich.
throttled-briefly = Zu viele Versuche. Die Anfrage ist voraussichtlich in einer Sekunde wieder möglich.

## Fields of a request.

no-data = Keine Daten übermittelt
not-an-object = Ungültige Daten. Erwartet wurde ein Objekt, erhalten wurde { $datatype }.
field-required = Dieses Feld muss angegeben werden.
field-null = Dieses Feld darf nicht null sein.
field-blank = Dieses Feld darf nicht leer sein.
field-not-text = Das ist keine gültige Zeichenkette.
field-nul = Nullzeichen sind nicht erlaubt.
field-surrogate = Surrogatzeichen sind nicht erlaubt: { $unit }.

## The server.

unavailable = Der Dienst ist vorübergehend nicht verfügbar, bitte später erneut versuchen.
broken = Auf dem Server ist ein Fehler aufgetreten.
