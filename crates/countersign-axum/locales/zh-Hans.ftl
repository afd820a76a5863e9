# 简体中文. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = 没有与这些登录信息相符的可用账户
account-not-found = 没有与此令牌对应的可用账户。
password-changed = 用户的密码已更改。
credentials-malformed = Authorization 标头必须包含以空格分隔的两个值
no-type-fits = 所提供的令牌对任何令牌类型均无效
no-user-claim = 令牌中没有可识别的用户信息
user-not-found = 未找到用户
user-inactive = 用户已停用
token-invalid = 令牌无效
token-expired = 令牌已过期
token-blacklisted = 令牌已被列入黑名单
token-no-id = 令牌没有编号
token-no-type = 令牌没有类型
token-wrong-type = 令牌类型不正确
token-no-claim = 令牌缺少 '{ $claim }' 声明
token-claim-expired = 令牌的 '{ $claim }' 声明已过期

## Requests.

credentials-absent = 未提供身份验证信息。
not-acceptable = 无法满足请求的 Accept 标头。
not-found = 未找到。
method-not-allowed = 不允许使用 "{ $method }" 方法。
unsupported-type = 不支持请求的媒体类型 "{ $type }"。
unsupported-encoding = 不支持请求的内容编码 "{ $encoding }"。
body-too-large = 请求正文过大。
body-too-slow = 请求正文未能及时到达。
body-unreadable = 无法读取请求正文。
throttled = 请求已被限流。预计 { $wait } 秒后可用。
throttled-briefly = 请求已被限流。预计 1 秒后可用。

## Fields of a request.

no-data = 未提供数据
not-an-object = 数据无效。应为对象，但收到的是 { $datatype }。
field-required = 此字段为必填项。
field-null = 此字段不能为 null。
field-blank = 此字段不能为空。
field-not-text = 不是有效的字符串。
field-nul = 不允许使用空字符。
field-surrogate = 不允许使用代理字符：{ $unit }。

## The server.

unavailable = 服务暂时不可用，请稍后再试。
broken = 服务器发生错误。
