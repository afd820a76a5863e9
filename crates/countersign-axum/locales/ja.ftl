# 日本語. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = この認証情報に一致する有効なアカウントがありません
account-not-found = このトークンに対応する有効なアカウントがありません。
password-changed = ユーザーのパスワードが変更されました。
credentials-malformed = Authorization ヘッダーには空白で区切られた二つの値が必要です
no-type-fits = このトークンはどの種類のトークンとしても有効ではありません
no-user-claim = トークンに認識できるユーザー情報が含まれていません
user-not-found = ユーザーが見つかりません
user-inactive = ユーザーは無効化されています
token-invalid = トークンが無効です
token-expired = トークンの有効期限が切れています
token-blacklisted = トークンはブラックリストに登録されています
token-no-id = トークンに ID がありません
token-no-type = トークンに種類が指定されていません
token-wrong-type = トークンの種類が違います
token-no-claim = トークンに '{ $claim }' クレームがありません
token-claim-expired = トークンの '{ $claim }' クレームの期限が切れています

## Requests.

credentials-absent = 認証情報が送信されていません。
not-acceptable = リクエストの Accept ヘッダーに応じることができません。
not-found = 見つかりません。
method-not-allowed = メソッド "{ $method }" は許可されていません。
unsupported-type = リクエストのメディアタイプ "{ $type }" には対応していません。
unsupported-encoding = リクエストのコンテンツエンコーディング "{ $encoding }" には対応していません。
body-too-large = リクエストの本文が大きすぎます。
body-too-slow = リクエストの本文が時間内に届きませんでした。
body-unreadable = リクエストの本文を読み取れませんでした。
throttled = リクエストが制限されました。{ $wait } 秒後に利用できる見込みです。
throttled-briefly = リクエストが制限されました。1 秒後に利用できる見込みです。

## Fields of a request.

no-data = データが送信されていません
not-an-object = データが無効です。オブジェクトが必要ですが、{ $datatype } を受け取りました。
field-required = この項目は必須です。
field-null = この項目を null にすることはできません。
field-blank = この項目を空にすることはできません。
field-not-text = 有効な文字列ではありません。
field-nul = ヌル文字は使用できません。
field-surrogate = サロゲート文字は使用できません: { $unit }。

## The server.

unavailable = サービスは一時的に利用できません。しばらくしてからもう一度お試しください。
broken = サーバーでエラーが発生しました。
