#!/usr/bin/env bash
# Make the fonts of this folder from Debian's packages, and coverage.txt from the fonts. Wants Debian 12, its packages and fonttools
# (requirements-dev.txt). Run it in this folder after a change of it; what it makes is committed, so nothing else needs it.
set -euo pipefail
here="$PWD"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get download fonts-dejavu-core fonts-noto-core fonts-noto-cjk fonts-droid-fallback
for package in *.deb; do dpkg-deb -x "$package" .; done
cd usr/share/fonts

# Hinting is left out: only screens of low resolution use it.
subset() { pyftsubset "$1" --no-hinting --notdef-outline --output-file="$here/$2" "${@:3}"; }

# All text: Latin, Greek, Cyrillic and Hebrew.
letters=0020-007E,00A0-052F,0590-05FF,1E00-1EFF,2010-2027,2030-203A,20AC,2190-2193,2212,25A1,FFFD
for style in "" -Bold; do subset truetype/dejavu/DejaVuSans$style.ttf DejaVuSans$style.ttf --unicodes="$letters"; done

# Names in other scripts. Names are printed bold, so bold will do.
for script in Arabic Armenian Bengali Devanagari Ethiopic Georgian Gujarati Gurmukhi Kannada Khmer Lao Malayalam Myanmar Sinhala Tamil Telugu Thai; do
    subset "truetype/noto/NotoSans$script-Bold.ttf" "NotoSans$script-Bold.ttf" --unicodes='*' --layout-features='*'
done
# Korean syllables: face 1 of the collection is the Korean one.
subset opentype/noto/NotoSansCJK-Bold.ttc NotoSansHangul-Bold.otf --font-number=1 --unicodes=AC00-D7A3
# Chinese and Japanese: ideographs, kana and their punctuation, in a third of the size that Noto would take.
subset truetype/droid/DroidSansFallbackFull.ttf DroidSansFallback.ttf --unicodes=3001-3002,3005-3007,3040-30FF,4E00-9FFF

cd "$here"
python - <<'PYTHON' >coverage.txt
from itertools import groupby
from pathlib import Path

from fontTools.ttLib import TTFont

files = [path for path in Path().iterdir() if path.suffix in {".ttf", ".otf"}]
characters = sorted({character for path in files for character in TTFont(path).getBestCmap()})
for _, group in groupby(enumerate(characters), lambda pair: pair[1] - pair[0]):
    run = [character for _, character in group]
    print(f"{run[0]:04X}-{run[-1]:04X}")
PYTHON
