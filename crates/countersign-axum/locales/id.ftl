# Bahasa Indonesia. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Tidak ada akun aktif dengan kredensial tersebut
account-not-found = Tidak ada akun aktif untuk token tersebut.
password-changed = Kata sandi pengguna telah diubah.
credentials-malformed = Header Authorization harus berisi dua nilai yang dipisahkan spasi
no-type-fits = Token yang diberikan tidak berlaku untuk jenis token apa pun
no-user-claim = Token tidak memuat identitas pengguna yang dikenali
user-not-found = Pengguna tidak ditemukan
user-inactive = Pengguna tidak aktif
token-invalid = Token tidak valid
token-expired = Token sudah kedaluwarsa
token-blacklisted = Token masuk daftar hitam
token-no-id = Token tidak memiliki id
token-no-type = Token tidak memiliki jenis
token-wrong-type = Jenis token salah
token-no-claim = Token tidak memiliki klaim '{ $claim }'
token-claim-expired = Klaim '{ $claim }' pada token sudah kedaluwarsa

## Requests.

credentials-absent = Data autentikasi tidak diberikan.
not-acceptable = Header Accept pada permintaan tidak dapat dipenuhi.
not-found = Tidak ditemukan.
method-not-allowed = Metode "{ $method }" tidak diizinkan.
unsupported-type = Jenis media "{ $type }" pada permintaan tidak didukung.
unsupported-encoding = Pengodean isi "{ $encoding }" pada permintaan tidak didukung.
body-too-large = Isi permintaan terlalu besar.
body-too-slow = Isi permintaan tidak tiba tepat waktu.
body-unreadable = Isi permintaan tidak dapat dibaca.
throttled = Permintaan dibatasi. Diperkirakan tersedia dalam { $wait } detik.
throttled-briefly = Permintaan dibatasi. Diperkirakan tersedia dalam satu detik.

## Fields of a request.

no-data = Tidak ada data yang diberikan
not-an-object = Data tidak valid. Diharapkan sebuah objek, tetapi yang diterima { $datatype }.
field-required = Kolom ini wajib diisi.
field-null = Kolom ini tidak boleh bernilai null.
field-blank = Kolom ini tidak boleh kosong.
field-not-text = Bukan teks yang valid.
field-nul = Karakter nol tidak diizinkan.
field-surrogate = Karakter surogat tidak diizinkan: { $unit }.

## The server.

unavailable = Layanan sedang tidak tersedia, coba lagi nanti.
broken = Terjadi kesalahan pada server.
