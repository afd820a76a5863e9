# Français. The template is en.ftl; docs/languages.md says how to add a language.

## Tokens and accounts. A token is what a client shows instead of a password; a claim is a named statement in it.

sign-in-refused = Aucun compte actif ne correspond à ces identifiants
account-not-found = Aucun compte actif ne correspond à ce jeton.
password-changed = Le mot de passe de l'utilisateur a été modifié.
credentials-malformed = L'en-tête Authorization doit comporter deux valeurs séparées par une espace
no-type-fits = Le jeton fourni n'est valide pour aucun type de jeton
no-user-claim = Le jeton ne permet pas de reconnaître un utilisateur
user-not-found = Utilisateur introuvable
user-inactive = L'utilisateur est inactif
token-invalid = Le jeton n'est pas valide
token-expired = Le jeton a expiré
token-blacklisted = Le jeton a été révoqué
token-no-id = Le jeton n'a pas d'identifiant
token-no-type = Le jeton n'a pas de type
token-wrong-type = Le jeton n'est pas du bon type
token-no-claim = Le jeton ne contient pas l'attribut '{ $claim }'
token-claim-expired = L'attribut '{ $claim }' du jeton a expiré

## Requests.

credentials-absent = Aucune information d'authentification n'a été fournie.
not-acceptable = L'en-tête Accept de la requête ne peut pas être satisfait.
not-found = Introuvable.
method-not-allowed = La méthode "{ $method }" n'est pas autorisée.
unsupported-type = Le type de média "{ $type }" de la requête n'est pas pris en charge.
unsupported-encoding = L'encodage de contenu "{ $encoding }" de la requête n'est pas pris en charge.
body-too-large = Le corps de la requête est trop volumineux.
body-too-slow = Le corps de la requête n'est pas arrivé à temps.
body-unreadable = Le corps de la requête n'a pas pu être lu.
throttled = La requête a été limitée. Disponible à nouveau dans { $wait } secondes.
throttled-briefly = La requête a été limitée. Disponible à nouveau dans une seconde.

## Fields of a request.

no-data = Aucune donnée fournie
not-an-object = Données non valides. Un objet était attendu, mais { $datatype } a été reçu.
field-required = Ce champ est obligatoire.
field-null = Ce champ ne peut pas être nul.
field-blank = Ce champ ne peut pas être vide.
field-not-text = Ce n'est pas une chaîne de caractères valide.
field-nul = Les caractères nuls ne sont pas autorisés.
field-surrogate = Les caractères de substitution ne sont pas autorisés : { $unit }.

## The server.

unavailable = Le service est temporairement indisponible, réessayez plus tard.
broken = Une erreur s'est produite sur le serveur.
