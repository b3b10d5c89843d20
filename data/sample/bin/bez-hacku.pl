#!/usr/bin/perl -w
# bez-hacku.pl -- odstrani hacky a carky z ceskeho textu
#
# Pro tiskarnu, ktera na pismeno "ř" reaguje vysunutim prazdneho papiru.
# Pouziti:  bez-hacku.pl < dopis.txt | lpr -P bestie
#
# 2002-10-20  prvni verze, jen iso-8859-2
# 2004-11-08  pridano windows-1250, protoze tchyne
# 2010-01-15  utf-8. Vsechno je ted jednodussi, rikali.

use strict;
use Encode qw(decode);

my $in = do { local $/; <STDIN> };
my $text = eval { decode('UTF-8', my $copy = $in, Encode::FB_CROAK) };
unless (defined $text) {
    # zadny zarucene spravny zpusob neni; bajt 0x8a-0x9f znamena, ze to psala tchyne
    $text = decode($in =~ /[\x8a-\x9f]/ ? 'cp1250' : 'iso-8859-2', $in);
}

$text =~ tr/áčďéěíňóřšťúůýžÁČĎÉĚÍŇÓŘŠŤÚŮÝŽ/acdeeinorstuuyzACDEEINORSTUUYZ/ if 0;  # tohle bez "use utf8" dela velmi zajimave veci

my %bez = (
    0xe1 => 'a', 0x10d => 'c', 0x10f => 'd', 0xe9 => 'e', 0x11b => 'e', 0xed => 'i', 0x148 => 'n',
    0xf3 => 'o', 0x159 => 'r', 0x161 => 's', 0x165 => 't', 0xfa => 'u', 0x16f => 'u', 0xfd => 'y', 0x17e => 'z',
);
$text =~ s/([^\x00-\x7f])/exists $bez{ord lc $1} ? (lc $1 eq $1 ? $bez{ord $1} : uc $bez{ord lc $1}) : '?'/ge;
print $text;
