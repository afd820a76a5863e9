# فارسی (ایران). The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = حساب کاربری فعالی با این اطلاعات ورود یافت نشد
account-not-found = حساب کاربری فعالی برای این توکن یافت نشد.
password-changed = رمز عبور کاربر تغییر کرده است.
credentials-malformed = هدر Authorization باید شامل دو مقدار جداشده با فاصله باشد
no-type-fits = توکن ارسال‌شده برای هیچ نوع توکنی معتبر نیست
no-user-claim = توکن شناسهٔ قابل تشخیصی از کاربر ندارد
user-not-found = کاربر یافت نشد
user-inactive = کاربر غیرفعال است
token-invalid = توکن نامعتبر است
token-expired = توکن منقضی شده است
token-blacklisted = توکن در لیست سیاه قرار دارد
token-no-id = توکن شناسه ندارد
token-no-type = نوع توکن مشخص نیست
token-wrong-type = نوع توکن اشتباه است
token-no-claim = توکن فاقد فیلد '{ $claim }' است
token-claim-expired = فیلد '{ $claim }' در توکن منقضی شده است

## Requests.

credentials-absent = اطلاعات احراز هویت ارسال نشده است.
not-acceptable = امکان برآورده کردن هدر Accept درخواست وجود ندارد.
not-found = یافت نشد.
method-not-allowed = متد "{ $method }" مجاز نیست.
unsupported-type = نوع رسانهٔ "{ $type }" در درخواست پشتیبانی نمی‌شود.
unsupported-encoding = کدگذاری محتوای "{ $encoding }" در درخواست پشتیبانی نمی‌شود.
body-too-large = حجم بدنهٔ درخواست بیش از حد زیاد است.
body-too-slow = بدنهٔ درخواست به‌موقع نرسید.
body-unreadable = خواندن بدنهٔ درخواست ممکن نشد.
throttled = درخواست محدود شد. پس از { $wait } ثانیه دوباره امکان‌پذیر است.
throttled-briefly = درخواست محدود شد. پس از یک ثانیه دوباره امکان‌پذیر است.

## Fields of a request.

no-data = هیچ داده‌ای ارسال نشده است
not-an-object = دادهٔ نامعتبر. یک شیء مورد انتظار بود، اما { $datatype } دریافت شد.
field-required = این فیلد الزامی است.
field-null = این فیلد نمی‌تواند null باشد.
field-blank = این فیلد نباید خالی باشد.
field-not-text = رشتهٔ معتبری نیست.
field-nul = کاراکترهای تهی مجاز نیستند.
field-surrogate = کاراکترهای جانشین مجاز نیستند: { $unit }.

## The server.

unavailable = سرویس موقتاً در دسترس نیست، لطفاً بعداً دوباره تلاش کنید.
broken = خطایی در سرور رخ داده است.
