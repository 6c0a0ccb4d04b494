#!/bin/sh
# Certificates for a bus over TLS (tls+tcp://). Every role has an authority of its own, because a port tells roles apart
# by the authority of the certificate that a peer shows.
#   certificates.sh make FOLDER             an authority and a certificate for each role, where they are missing
#   certificates.sh issue FOLDER ROLE       a new certificate from ROLE's authority
#   certificates.sh renew FOLDER ROLE       a new authority for ROLE beside the present one: both are taken
#   certificates.sh retire FOLDER ROLE      only the newest authority of ROLE is taken from now on
# DAYS=n is how long certificates last (365), AUTHORITY_DAYS=n how long authorities do (3650).
#
#   FOLDER/authorities/ROLE.pem       public; every process gets the whole folder: bus.tls.authorities
#   FOLDER/ROLE/certificate.pem       certificate and key, for the processes of ROLE alone: bus.tls.certificate_file
#   FOLDER/private/ROLE.key           of the authority: who has it can speak as ROLE. Keep it where nothing trades.
set -eu
umask 077
roles="gateway strategy-runner order-manager metrics-aggregator"

fail() { echo "certificates: $*" >&2; exit 1; }
usage() { fail "say make FOLDER, issue FOLDER ROLE, renew FOLDER ROLE or retire FOLDER ROLE"; }
command -v openssl >/dev/null || fail "openssl is missing; install the package openssl"

days() {
  case $2 in '' | *[!0-9]* | 0*) fail "$1 must be a number of days, not '$2'" ;; esac
}
days DAYS "${DAYS=365}"
days AUTHORITY_DAYS "${AUTHORITY_DAYS=3650}"

# Says nothing unless it fails.
quietly() {
  output=$("$@" 2>&1) || fail "$1 $2 failed: $output"
}
folder() { [ -d "$1" ] || mkdir -p "$1"; }
new_key() { quietly openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }

# Prints the certificates of a file that holds several, with the newest, which is the first, alone if asked.
newest() { awk '{ print } /END CERTIFICATE/ { exit }' "$1"; }

# A file is replaced as a whole or not at all: a process may read it at any time.
make_authority() {
  name=$(openssl rand -hex 4)   # two authorities of a role must not have the same name
  new_key "$scratch/authority.key"
  quietly openssl req -x509 -new -key "$scratch/authority.key" -sha256 -days "$AUTHORITY_DAYS" \
    -subj "/O=PolyBot/CN=$1 authority $name" -addext basicConstraints=critical,CA:TRUE,pathlen:0 \
    -addext keyUsage=critical,keyCertSign,cRLSign -out "$scratch/authority.pem"
  [ ! -s "$top/authorities/$1.pem" ] || cat "$top/authorities/$1.pem" >>"$scratch/authority.pem"
  chmod 0644 "$scratch/authority.pem"
  mv "$scratch/authority.key" "$top/private/$1.key"
  mv "$scratch/authority.pem" "$top/authorities/$1.pem"
  echo "certificates: made an authority for $1"
}

issue() {
  [ -s "$top/private/$1.key" ] || fail "$top/private/$1.key is not here, so no certificate can be issued for $1"
  new_key "$scratch/own.key"
  newest "$top/authorities/$1.pem" >"$scratch/issuer.pem"
  cat >"$scratch/extensions" <<EOF
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth,clientAuth
subjectAltName = DNS:$1
EOF
  quietly openssl req -new -key "$scratch/own.key" -subj "/O=PolyBot/CN=$1" -out "$scratch/own.csr"
  quietly openssl x509 -req -in "$scratch/own.csr" -CA "$scratch/issuer.pem" -CAkey "$top/private/$1.key" \
    -set_serial "0x$(openssl rand -hex 15)" -sha256 -days "$DAYS" -extfile "$scratch/extensions" -out "$scratch/own.crt"
  cat "$scratch/own.crt" "$scratch/own.key" >"$scratch/own.pem"
  folder "$top/$1"
  mv "$scratch/own.pem" "$top/$1/certificate.pem"
  echo "certificates: issued one for $1, for $DAYS days"
}

is_role() {
  for known in $roles; do [ "$known" != "$1" ] || return 0; done
  fail "a role is one of $roles, not '$1'"
}

[ $# -ge 2 ] || usage
action=$1
top=$2
folder "$top"
folder "$top/authorities"
folder "$top/private"
chmod 0755 "$top/authorities"
scratch=$(mktemp -d "$top/private/.new-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

case $action in
  make)
    [ $# -eq 2 ] || usage
    for role in $roles; do
      [ -s "$top/authorities/$role.pem" ] || make_authority "$role"
      [ -s "$top/$role/certificate.pem" ] || issue "$role"
    done
    ;;
  issue | renew | retire)
    [ $# -eq 3 ] || usage
    is_role "$3"
    [ -s "$top/authorities/$3.pem" ] || fail "there is no authority for $3 in $top; begin with: make $top"
    case $action in
      issue) issue "$3" ;;
      renew) make_authority "$3" ;;
      retire)
        newest "$top/authorities/$3.pem" >"$scratch/newest.pem"
        openssl verify -CAfile "$scratch/newest.pem" "$top/$3/certificate.pem" >/dev/null 2>&1 ||
          fail "the certificate in $top/$3 is of an older authority; issue a new one first, and hand it out"
        chmod 0644 "$scratch/newest.pem"
        mv "$scratch/newest.pem" "$top/authorities/$3.pem"
        echo "certificates: only the newest authority of $3 is taken from now on"
        ;;
    esac
    ;;
  *) usage ;;
esac
