# 한국어. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = 이 로그인 정보에 해당하는 활성 계정이 없습니다
account-not-found = 이 토큰에 해당하는 활성 계정이 없습니다.
password-changed = 사용자의 비밀번호가 변경되었습니다.
credentials-malformed = Authorization 헤더에는 공백으로 구분된 두 개의 값이 있어야 합니다
no-type-fits = 제공된 토큰은 어떤 토큰 유형으로도 유효하지 않습니다
no-user-claim = 토큰에 알아볼 수 있는 사용자 정보가 없습니다
user-not-found = 사용자를 찾을 수 없습니다
user-inactive = 비활성화된 사용자입니다
token-invalid = 토큰이 유효하지 않습니다
token-expired = 토큰이 만료되었습니다
token-blacklisted = 토큰이 차단 목록에 있습니다
token-no-id = 토큰에 식별자가 없습니다
token-no-type = 토큰에 유형이 없습니다
token-wrong-type = 토큰의 유형이 잘못되었습니다
token-no-claim = 토큰에 '{ $claim }' 항목이 없습니다
token-claim-expired = 토큰의 '{ $claim }' 항목이 만료되었습니다

## Requests.

credentials-absent = 인증 정보가 제공되지 않았습니다.
not-acceptable = 요청의 Accept 헤더를 충족할 수 없습니다.
not-found = 찾을 수 없습니다.
method-not-allowed = "{ $method }" 메서드는 허용되지 않습니다.
unsupported-type = 요청의 미디어 유형 "{ $type }"은(는) 지원되지 않습니다.
unsupported-encoding = 요청의 콘텐츠 인코딩 "{ $encoding }"은(는) 지원되지 않습니다.
body-too-large = 요청 본문이 너무 큽니다.
body-too-slow = 요청 본문이 제시간에 도착하지 않았습니다.
body-unreadable = 요청 본문을 읽을 수 없습니다.
throttled = 요청이 제한되었습니다. { $wait }초 후에 사용할 수 있습니다.
throttled-briefly = 요청이 제한되었습니다. 1초 후에 사용할 수 있습니다.

## Fields of a request.

no-data = 데이터가 제공되지 않았습니다
not-an-object = 잘못된 데이터입니다. 객체가 필요하지만 { $datatype }을(를) 받았습니다.
field-required = 이 필드는 필수입니다.
field-null = 이 필드에는 null 값을 쓸 수 없습니다.
field-blank = 이 필드는 비워 둘 수 없습니다.
field-not-text = 올바른 문자열이 아닙니다.
field-nul = 널 문자는 허용되지 않습니다.
field-surrogate = 서로게이트 문자는 허용되지 않습니다: { $unit }.

## The server.

unavailable = 서비스를 일시적으로 사용할 수 없습니다. 나중에 다시 시도하십시오.
broken = 서버 오류가 발생했습니다.
