# Polski. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Nie ma aktywnego konta o podanych danych logowania
account-not-found = Nie ma aktywnego konta dla podanego tokenu.
password-changed = Hasło użytkownika zostało zmienione.
credentials-malformed = Nagłówek Authorization musi zawierać dwie wartości oddzielone spacją
no-type-fits = Podany token nie jest ważny dla żadnego rodzaju tokenów
no-user-claim = Token nie zawiera rozpoznawalnego oznaczenia użytkownika
user-not-found = Nie znaleziono użytkownika
user-inactive = Użytkownik jest nieaktywny
token-invalid = Token jest nieprawidłowy
token-expired = Token wygasł
token-blacklisted = Token jest na czarnej liście
token-no-id = Token nie ma identyfikatora
token-no-type = Token nie ma rodzaju
token-wrong-type = Token jest niewłaściwego rodzaju
token-no-claim = W tokenie brakuje pola '{ $claim }'
token-claim-expired = Pole '{ $claim }' w tokenie wygasło

## Requests.

credentials-absent = Nie podano danych uwierzytelniających.
not-acceptable = Nie można spełnić nagłówka Accept z żądania.
not-found = Nie znaleziono.
method-not-allowed = Metoda "{ $method }" nie jest dozwolona.
unsupported-type = Typ treści "{ $type }" w żądaniu nie jest obsługiwany.
unsupported-encoding = Kodowanie treści "{ $encoding }" w żądaniu nie jest obsługiwane.
body-too-large = Treść żądania jest zbyt duża.
body-too-slow = Treść żądania nie dotarła na czas.
body-unreadable = Nie udało się odczytać treści żądania.
throttled = Żądanie zostało ograniczone. Ponowna próba będzie możliwa za { $wait } s.
throttled-briefly = Żądanie zostało ograniczone. Ponowna próba będzie możliwa za sekundę.

## Fields of a request.

no-data = Nie podano żadnych danych
not-an-object = Nieprawidłowe dane. Oczekiwano obiektu, a otrzymano { $datatype }.
field-required = To pole jest wymagane.
field-null = To pole nie może mieć wartości null.
field-blank = To pole nie może być puste.
field-not-text = To nie jest prawidłowy tekst.
field-nul = Znaki zerowe są niedozwolone.
field-surrogate = Znaki zastępcze są niedozwolone: { $unit }.

## The server.

unavailable = Usługa jest chwilowo niedostępna, spróbuj ponownie później.
broken = Na serwerze wystąpił błąd.
