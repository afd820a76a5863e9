# The texts that clients read, in English: the template of every other language. English is the wire contract, so these
# follow the program; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = No active account found with the given credentials
account-not-found = No active account found for the given token.
password-changed = The user's password has been changed.
credentials-malformed = Authorization header must contain two space-delimited values
no-type-fits = Given token not valid for any token type
no-user-claim = Token contained no recognizable user identification
user-not-found = User not found
user-inactive = User is inactive
token-invalid = Token is invalid
token-expired = Token is expired
token-blacklisted = Token is blacklisted
token-no-id = Token has no id
token-no-type = Token has no type
token-wrong-type = Token has wrong type
token-no-claim = Token has no '{ $claim }' claim
token-claim-expired = Token '{ $claim }' claim has expired

## Requests.

credentials-absent = Authentication credentials were not provided.
not-acceptable = Could not satisfy the request Accept header.
not-found = Not found.
method-not-allowed = Method "{ $method }" not allowed.
unsupported-type = Unsupported media type "{ $type }" in request.
unsupported-encoding = Unsupported content encoding "{ $encoding }" in request.
body-too-large = Request body is too large.
body-too-slow = Request body did not arrive in time.
body-unreadable = Request body could not be read.
throttled = Request was throttled. Expected available in { $wait } seconds.
throttled-briefly = Request was throttled. Expected available in 1 second.

## Fields of a request.

no-data = No data provided
not-an-object = Invalid data. Expected a dictionary, but got { $datatype }.
field-required = This field is required.
field-null = This field may not be null.
field-blank = This field may not be blank.
field-not-text = Not a valid string.
field-nul = Null characters are not allowed.
field-surrogate = Surrogate characters are not allowed: { $unit }.

## The server.

unavailable = Service temporarily unavailable, try again later.
broken = A server error occurred.
