#!/usr/bin/perl
# verze-ktera-fungovala.pl -- the prototype of 2002-10-12, before it was designed properly
# Prints the doily page. Has never failed. Do not use.
print "Content-Type: text/html; charset=iso-8859-2\r\n\r\n";
open my $page, '<', '/srv/decky/index.html' or die "the only error there ever was: $!";
print while <$page>;
