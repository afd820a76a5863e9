# Українська. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Немає активного облікового запису з такими даними для входу
account-not-found = Для цього токена немає активного облікового запису.
password-changed = Пароль користувача було змінено.
credentials-malformed = Заголовок Authorization має містити два значення, розділені пробілом
no-type-fits = Наданий токен не підходить до жодного з типів токенів
no-user-claim = Токен не містить розпізнаваних відомостей про користувача
user-not-found = Користувача не знайдено
user-inactive = Користувач неактивний
token-invalid = Токен недійсний
token-expired = Термін дії токена минув
token-blacklisted = Токен внесено до чорного списку
token-no-id = Токен не має ідентифікатора
token-no-type = Токен не має типу
token-wrong-type = Токен не того типу
token-no-claim = У токені немає поля '{ $claim }'
token-claim-expired = Термін, зазначений у полі '{ $claim }' токена, минув

## Requests.

credentials-absent = Дані для автентифікації не надано.
not-acceptable = Неможливо виконати заголовок Accept запиту.
not-found = Не знайдено.
method-not-allowed = Метод "{ $method }" не дозволено.
unsupported-type = Тип вмісту "{ $type }" у запиті не підтримується.
unsupported-encoding = Кодування вмісту "{ $encoding }" у запиті не підтримується.
body-too-large = Тіло запиту завелике.
body-too-slow = Тіло запиту не надійшло вчасно.
body-unreadable = Не вдалося прочитати тіло запиту.
throttled = Запит обмежено. Повторіть спробу через { $wait } с.
throttled-briefly = Запит обмежено. Повторіть спробу через секунду.

## Fields of a request.

no-data = Дані не надано
not-an-object = Неприпустимі дані. Очікувався об'єкт, але отримано { $datatype }.
field-required = Це поле є обов'язковим.
field-null = Це поле не може бути null.
field-blank = Це поле не може бути порожнім.
field-not-text = Це не рядок.
field-nul = Нульові символи не дозволено.
field-surrogate = Сурогатні символи не дозволено: { $unit }.

## The server.

unavailable = Служба тимчасово недоступна, спробуйте пізніше.
broken = На сервері сталася помилка.
