# فارسی. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = هیچ حساب فعالی با این مشخصات پیدا نشد
account-not-found = هیچ حساب فعالی برای این توکن پیدا نشد.
password-changed = گذرواژهٔ کاربر تغییر کرده است.
credentials-malformed = سرآیند Authorization باید دو مقدار داشته باشد که با فاصله از هم جدا شده‌اند
no-type-fits = توکن داده‌شده برای هیچ نوع توکنی معتبر نیست
no-user-claim = توکن هیچ شناسهٔ شناخته‌شده‌ای از کاربر ندارد
user-not-found = کاربر پیدا نشد
user-inactive = کاربر غیرفعال است
token-invalid = توکن نامعتبر است
token-expired = توکن منقضی شده است
token-blacklisted = توکن در فهرست سیاه است
token-no-id = توکن شناسه ندارد
token-no-type = توکن نوع ندارد
token-wrong-type = نوع توکن نادرست است
token-no-claim = توکن فیلد '{ $claim }' را ندارد
token-claim-expired = فیلد '{ $claim }' توکن منقضی شده است

## Requests.

credentials-absent = اطلاعات احراز هویت فرستاده نشده است.
not-acceptable = سرآیند Accept درخواست را نمی‌توان برآورده کرد.
not-found = پیدا نشد.
method-not-allowed = متد "{ $method }" مجاز نیست.
unsupported-type = نوع رسانهٔ "{ $type }" در درخواست پشتیبانی نمی‌شود.
unsupported-encoding = کدگذاری محتوای "{ $encoding }" در درخواست پشتیبانی نمی‌شود.
body-too-large = بدنهٔ درخواست بیش از حد بزرگ است.
body-too-slow = بدنهٔ درخواست به‌موقع نرسید.
body-unreadable = بدنهٔ درخواست خوانده نشد.
throttled = درخواست محدود شد. پس از { $wait } ثانیه دوباره امکان‌پذیر است.
throttled-briefly = درخواست محدود شد. پس از یک ثانیه دوباره امکان‌پذیر است.

## Fields of a request.

no-data = هیچ داده‌ای فرستاده نشده است
not-an-object = دادهٔ نامعتبر. یک شیء انتظار می‌رفت، اما { $datatype } دریافت شد.
field-required = این فیلد الزامی است.
field-null = این فیلد نمی‌تواند null باشد.
field-blank = این فیلد نمی‌تواند خالی باشد.
field-not-text = متن معتبری نیست.
field-nul = نویسه‌های تهی مجاز نیستند.
field-surrogate = نویسه‌های جانشین مجاز نیستند: { $unit }.

## The server.

unavailable = سرویس موقتاً در دسترس نیست، بعداً دوباره تلاش کنید.
broken = خطایی در سرور رخ داد.
