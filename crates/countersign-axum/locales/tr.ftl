# Türkçe. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Bu bilgilerle etkin bir hesap bulunamadı
account-not-found = Bu belirteç için etkin bir hesap bulunamadı.
password-changed = Kullanıcının parolası değiştirildi.
credentials-malformed = Authorization başlığı boşlukla ayrılmış iki değer içermelidir
no-type-fits = Verilen belirteç hiçbir belirteç türü için geçerli değil
no-user-claim = Belirteç tanınabilir bir kullanıcı bilgisi içermiyor
user-not-found = Kullanıcı bulunamadı
user-inactive = Kullanıcı etkin değil
token-invalid = Belirteç geçersiz
token-expired = Belirtecin süresi dolmuş
token-blacklisted = Belirteç kara listede
token-no-id = Belirtecin kimliği yok
token-no-type = Belirtecin türü yok
token-wrong-type = Belirteç yanlış türde
token-no-claim = Belirteçte '{ $claim }' bilgisi yok
token-claim-expired = Belirteçteki '{ $claim }' bilgisinin süresi dolmuş

## Requests.

credentials-absent = Kimlik doğrulama bilgileri gönderilmedi.
not-acceptable = İsteğin Accept başlığı karşılanamıyor.
not-found = Bulunamadı.
method-not-allowed = "{ $method }" yöntemine izin verilmiyor.
unsupported-type = İstekteki "{ $type }" ortam türü desteklenmiyor.
unsupported-encoding = İstekteki "{ $encoding }" içerik kodlaması desteklenmiyor.
body-too-large = İsteğin gövdesi çok büyük.
body-too-slow = İsteğin gövdesi zamanında ulaşmadı.
body-unreadable = İsteğin gövdesi okunamadı.
throttled = İstek kısıtlandı. { $wait } saniye sonra yeniden kullanılabilir.
throttled-briefly = İstek kısıtlandı. Bir saniye sonra yeniden kullanılabilir.

## Fields of a request.

no-data = Veri gönderilmedi
not-an-object = Geçersiz veri. Bir nesne bekleniyordu, ancak { $datatype } geldi.
field-required = Bu alan zorunludur.
field-null = Bu alan null olamaz.
field-blank = Bu alan boş olamaz.
field-not-text = Geçerli bir metin değil.
field-nul = Boş (NUL) karakterlere izin verilmiyor.
field-surrogate = Vekil karakterlere izin verilmiyor: { $unit }.

## The server.

unavailable = Hizmet geçici olarak kullanılamıyor, daha sonra yeniden deneyin.
broken = Sunucuda bir hata oluştu.
