# עברית. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = לא נמצא חשבון פעיל עם פרטי ההתחברות האלה
account-not-found = לא נמצא חשבון פעיל עבור האסימון הזה.
password-changed = סיסמת המשתמש שונתה.
credentials-malformed = הכותרת Authorization חייבת להכיל שני ערכים מופרדים ברווח
no-type-fits = האסימון שנמסר אינו תקף לאף סוג של אסימון
no-user-claim = האסימון אינו מכיל זיהוי מוכר של משתמש
user-not-found = המשתמש לא נמצא
user-inactive = המשתמש אינו פעיל
token-invalid = האסימון אינו תקין
token-expired = תוקף האסימון פג
token-blacklisted = האסימון נמצא ברשימה השחורה
token-no-id = לאסימון אין מזהה
token-no-type = לאסימון אין סוג
token-wrong-type = סוג האסימון שגוי
token-no-claim = באסימון חסר השדה '{ $claim }'
token-claim-expired = תוקף השדה '{ $claim }' של האסימון פג

## Requests.

credentials-absent = לא נמסרו פרטי אימות.
not-acceptable = לא ניתן לעמוד בדרישות הכותרת Accept של הבקשה.
not-found = לא נמצא.
method-not-allowed = השיטה "{ $method }" אינה מותרת.
unsupported-type = סוג התוכן "{ $type }" שבבקשה אינו נתמך.
unsupported-encoding = קידוד התוכן "{ $encoding }" שבבקשה אינו נתמך.
body-too-large = גוף הבקשה גדול מדי.
body-too-slow = גוף הבקשה לא הגיע בזמן.
body-unreadable = לא ניתן היה לקרוא את גוף הבקשה.
throttled = הבקשה הוגבלה. צפויה להיות זמינה בעוד { $wait } שניות.
throttled-briefly = הבקשה הוגבלה. צפויה להיות זמינה בעוד שנייה אחת.

## Fields of a request.

no-data = לא נמסרו נתונים
not-an-object = נתונים לא תקינים. היה צפוי אובייקט, אך התקבל { $datatype }.
field-required = שדה זה הוא חובה.
field-null = שדה זה אינו יכול להיות null.
field-blank = שדה זה אינו יכול להיות ריק.
field-not-text = זה אינו טקסט תקין.
field-nul = תווי אפס אינם מותרים.
field-surrogate = תווי תחליף אינם מותרים: { $unit }.

## The server.

unavailable = השירות אינו זמין כרגע, יש לנסות שוב מאוחר יותר.
broken = אירעה שגיאה בשרת.
