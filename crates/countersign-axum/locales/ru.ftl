# Русский. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Нет активной учётной записи с такими данными для входа
account-not-found = Для этого токена нет активной учётной записи.
password-changed = Пароль пользователя был изменён.
credentials-malformed = Заголовок Authorization должен содержать два значения, разделённых пробелом
no-type-fits = Предъявленный токен не подходит ни к одному из типов токенов
no-user-claim = Токен не содержит распознаваемых сведений о пользователе
user-not-found = Пользователь не найден
user-inactive = Пользователь неактивен
token-invalid = Токен недействителен
token-expired = Срок действия токена истёк
token-blacklisted = Токен занесён в чёрный список
token-no-id = У токена нет идентификатора
token-no-type = У токена не указан тип
token-wrong-type = Токен не того типа
token-no-claim = В токене нет поля '{ $claim }'
token-claim-expired = Срок, указанный в поле '{ $claim }' токена, истёк

## Requests.

credentials-absent = Данные для проверки подлинности не переданы.
not-acceptable = Невозможно выполнить заголовок Accept запроса.
not-found = Не найдено.
method-not-allowed = Метод "{ $method }" не разрешён.
unsupported-type = Тип содержимого "{ $type }" в запросе не поддерживается.
unsupported-encoding = Кодирование содержимого "{ $encoding }" в запросе не поддерживается.
body-too-large = Тело запроса слишком велико.
body-too-slow = Тело запроса не пришло вовремя.
body-unreadable = Не удалось прочитать тело запроса.
throttled = Запрос ограничен. Повторите попытку через { $wait } с.
throttled-briefly = Запрос ограничен. Повторите попытку через секунду.

## Fields of a request.

no-data = Данные не переданы
not-an-object = Недопустимые данные. Ожидался объект, но получено { $datatype }.
field-required = Это поле обязательно.
field-null = Это поле не может быть null.
field-blank = Это поле не может быть пустым.
field-not-text = Это не строка.
field-nul = Нулевые символы не допускаются.
field-surrogate = Суррогатные символы не допускаются: { $unit }.

## The server.

unavailable = Служба временно недоступна, повторите попытку позже.
broken = На сервере произошла ошибка.
