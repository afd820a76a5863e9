# Қазақша. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Бұл деректермен белсенді тіркелгі табылмады
account-not-found = Бұл токен үшін белсенді тіркелгі табылмады.
password-changed = Пайдаланушының құпиясөзі өзгертілген.
credentials-malformed = Authorization тақырыбында бос орынмен бөлінген екі мән болуы керек
no-type-fits = Берілген токен ешбір токен түріне жарамды емес
no-user-claim = Токенде пайдаланушыны тануға болатын дерек жоқ
user-not-found = Пайдаланушы табылмады
user-inactive = Пайдаланушы белсенді емес
token-invalid = Токен жарамсыз
token-expired = Токеннің мерзімі өтіп кеткен
token-blacklisted = Токен қара тізімде
token-no-id = Токеннің идентификаторы жоқ
token-no-type = Токеннің түрі көрсетілмеген
token-wrong-type = Токеннің түрі дұрыс емес
token-no-claim = Токенде '{ $claim }' өрісі жоқ
token-claim-expired = Токеннің '{ $claim }' өрісіндегі мерзім өтіп кеткен

## Requests.

credentials-absent = Түпнұсқалықты растау деректері берілмеген.
not-acceptable = Сұраудың Accept тақырыбын орындау мүмкін емес.
not-found = Табылмады.
method-not-allowed = "{ $method }" әдісіне рұқсат жоқ.
unsupported-type = Сұраудағы "{ $type }" мазмұн түріне қолдау көрсетілмейді.
unsupported-encoding = Сұраудағы "{ $encoding }" мазмұн кодтауына қолдау көрсетілмейді.
body-too-large = Сұраудың денесі тым үлкен.
body-too-slow = Сұраудың денесі уақытында жетпеді.
body-unreadable = Сұраудың денесін оқу мүмкін болмады.
throttled = Сұраныс шектелді. { $wait } секундтан кейін қолжетімді болады.
throttled-briefly = Сұраныс шектелді. Бір секундтан кейін қолжетімді болады.

## Fields of a request.

no-data = Деректер берілмеген
not-an-object = Деректер жарамсыз. Нысан күтілді, бірақ { $datatype } келді.
field-required = Бұл өріс міндетті.
field-null = Бұл өріс null бола алмайды.
field-blank = Бұл өріс бос бола алмайды.
field-not-text = Бұл жарамды мәтін емес.
field-nul = Нөлдік таңбаларға рұқсат жоқ.
field-surrogate = Суррогат таңбаларға рұқсат жоқ: { $unit }.

## The server.

unavailable = Қызмет уақытша қолжетімсіз, кейінірек қайталап көріңіз.
broken = Серверде қате пайда болды.
