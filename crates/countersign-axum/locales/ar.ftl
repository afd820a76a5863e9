# العربية. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = لا يوجد حساب نشط ببيانات الدخول هذه
account-not-found = لا يوجد حساب نشط لهذا الرمز.
password-changed = تم تغيير كلمة مرور المستخدم.
credentials-malformed = يجب أن تحتوي ترويسة Authorization على قيمتين تفصل بينهما مسافة
no-type-fits = الرمز المقدم غير صالح لأي نوع من أنواع الرموز
no-user-claim = لا يحتوي الرمز على تعريف معروف للمستخدم
user-not-found = لم يتم العثور على المستخدم
user-inactive = المستخدم غير نشط
token-invalid = الرمز غير صالح
token-expired = انتهت صلاحية الرمز
token-blacklisted = الرمز مدرج في القائمة السوداء
token-no-id = ليس للرمز معرّف
token-no-type = ليس للرمز نوع
token-wrong-type = نوع الرمز غير صحيح
token-no-claim = لا يحتوي الرمز على الحقل '{ $claim }'
token-claim-expired = انتهت صلاحية الحقل '{ $claim }' في الرمز

## Requests.

credentials-absent = لم يتم تقديم بيانات المصادقة.
not-acceptable = لا يمكن تلبية ترويسة Accept في الطلب.
not-found = غير موجود.
method-not-allowed = الطريقة "{ $method }" غير مسموح بها.
unsupported-type = نوع المحتوى "{ $type }" في الطلب غير مدعوم.
unsupported-encoding = ترميز المحتوى "{ $encoding }" في الطلب غير مدعوم.
body-too-large = محتوى الطلب كبير جدًا.
body-too-slow = لم يصل محتوى الطلب في الوقت المحدد.
body-unreadable = تعذرت قراءة محتوى الطلب.
throttled = تم تقييد الطلب. يُتوقع أن يتاح بعد { $wait } ثانية.
throttled-briefly = تم تقييد الطلب. يُتوقع أن يتاح بعد ثانية واحدة.

## Fields of a request.

no-data = لم يتم إرسال أي بيانات
not-an-object = بيانات غير صالحة. كان المتوقع كائنًا، لكن المستلم { $datatype }.
field-required = هذا الحقل مطلوب.
field-null = لا يمكن أن تكون قيمة هذا الحقل null.
field-blank = لا يمكن أن يكون هذا الحقل فارغًا.
field-not-text = هذا ليس نصًا صالحًا.
field-nul = الأحرف الصفرية غير مسموح بها.
field-surrogate = الأحرف البديلة غير مسموح بها: { $unit }.

## The server.

unavailable = الخدمة غير متاحة مؤقتًا، حاول مرة أخرى لاحقًا.
broken = حدث خطأ في الخادم.
