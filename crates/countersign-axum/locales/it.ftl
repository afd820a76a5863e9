# Italiano. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Nessun account attivo corrisponde a queste credenziali
account-not-found = Nessun account attivo corrisponde a questo token.
password-changed = La password dell'utente è stata cambiata.
credentials-malformed = L'intestazione Authorization deve contenere due valori separati da uno spazio
no-type-fits = Il token fornito non è valido per alcun tipo di token
no-user-claim = Il token non contiene un'identificazione riconoscibile dell'utente
user-not-found = Utente non trovato
user-inactive = L'utente non è attivo
token-invalid = Il token non è valido
token-expired = Il token è scaduto
token-blacklisted = Il token è nella lista nera
token-no-id = Il token non ha un identificativo
token-no-type = Il token non ha un tipo
token-wrong-type = Il token è del tipo sbagliato
token-no-claim = Il token non ha l'attributo '{ $claim }'
token-claim-expired = L'attributo '{ $claim }' del token è scaduto

## Requests.

credentials-absent = Non sono state fornite credenziali di autenticazione.
not-acceptable = Impossibile soddisfare l'intestazione Accept della richiesta.
not-found = Non trovato.
method-not-allowed = Il metodo "{ $method }" non è consentito.
unsupported-type = Il tipo di contenuto "{ $type }" della richiesta non è supportato.
unsupported-encoding = La codifica del contenuto "{ $encoding }" della richiesta non è supportata.
body-too-large = Il corpo della richiesta è troppo grande.
body-too-slow = Il corpo della richiesta non è arrivato in tempo.
body-unreadable = Impossibile leggere il corpo della richiesta.
throttled = La richiesta è stata limitata. Disponibile di nuovo tra { $wait } secondi.
throttled-briefly = La richiesta è stata limitata. Disponibile di nuovo tra un secondo.

## Fields of a request.

no-data = Nessun dato fornito
not-an-object = Dati non validi. Era atteso un oggetto, ma è stato ricevuto { $datatype }.
field-required = Questo campo è obbligatorio.
field-null = Questo campo non può essere nullo.
field-blank = Questo campo non può essere vuoto.
field-not-text = Non è una stringa valida.
field-nul = I caratteri nulli non sono ammessi.
field-surrogate = I caratteri surrogati non sono ammessi: { $unit }.

## The server.

unavailable = Il servizio è temporaneamente non disponibile, riprovare più tardi.
broken = Si è verificato un errore nel server.
