# Ελληνικά. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Δεν υπάρχει ενεργός λογαριασμός με αυτά τα στοιχεία
account-not-found = Δεν υπάρχει ενεργός λογαριασμός για αυτό το διακριτικό.
password-changed = Ο κωδικός πρόσβασης του χρήστη έχει αλλάξει.
credentials-malformed = Η κεφαλίδα Authorization πρέπει να περιέχει δύο τιμές χωρισμένες με κενό
no-type-fits = Το διακριτικό που δόθηκε δεν ισχύει για κανέναν τύπο διακριτικού
no-user-claim = Το διακριτικό δεν περιέχει αναγνωρίσιμο χρήστη
user-not-found = Ο χρήστης δεν βρέθηκε
user-inactive = Ο χρήστης είναι ανενεργός
token-invalid = Το διακριτικό δεν είναι έγκυρο
token-expired = Το διακριτικό έχει λήξει
token-blacklisted = Το διακριτικό βρίσκεται στη μαύρη λίστα
token-no-id = Το διακριτικό δεν έχει αναγνωριστικό
token-no-type = Το διακριτικό δεν έχει τύπο
token-wrong-type = Το διακριτικό είναι λάθος τύπου
token-no-claim = Από το διακριτικό λείπει το πεδίο '{ $claim }'
token-claim-expired = Το πεδίο '{ $claim }' του διακριτικού έχει λήξει

## Requests.

credentials-absent = Δεν δόθηκαν στοιχεία ταυτοποίησης.
not-acceptable = Η κεφαλίδα Accept του αιτήματος δεν μπορεί να ικανοποιηθεί.
not-found = Δεν βρέθηκε.
method-not-allowed = Η μέθοδος "{ $method }" δεν επιτρέπεται.
unsupported-type = Ο τύπος περιεχομένου "{ $type }" του αιτήματος δεν υποστηρίζεται.
unsupported-encoding = Η κωδικοποίηση περιεχομένου "{ $encoding }" του αιτήματος δεν υποστηρίζεται.
body-too-large = Το σώμα του αιτήματος είναι πολύ μεγάλο.
body-too-slow = Το σώμα του αιτήματος δεν έφτασε εγκαίρως.
body-unreadable = Δεν ήταν δυνατή η ανάγνωση του σώματος του αιτήματος.
throttled = Το αίτημα περιορίστηκε. Αναμένεται να είναι διαθέσιμο σε { $wait } δευτερόλεπτα.
throttled-briefly = Το αίτημα περιορίστηκε. Αναμένεται να είναι διαθέσιμο σε ένα δευτερόλεπτο.

## Fields of a request.

no-data = Δεν δόθηκαν δεδομένα
not-an-object = Μη έγκυρα δεδομένα. Αναμενόταν αντικείμενο, αλλά ελήφθη { $datatype }.
field-required = Αυτό το πεδίο είναι υποχρεωτικό.
field-null = Αυτό το πεδίο δεν μπορεί να είναι null.
field-blank = Αυτό το πεδίο δεν μπορεί να είναι κενό.
field-not-text = Δεν είναι έγκυρο κείμενο.
field-nul = Δεν επιτρέπονται μηδενικοί χαρακτήρες.
field-surrogate = Δεν επιτρέπονται χαρακτήρες υποκατάστασης: { $unit }.

## The server.

unavailable = Η υπηρεσία δεν είναι προσωρινά διαθέσιμη, δοκιμάστε ξανά αργότερα.
broken = Παρουσιάστηκε σφάλμα στον διακομιστή.
