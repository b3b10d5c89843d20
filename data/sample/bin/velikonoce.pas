{ velikonoce.pas -- kdy jsou velikonoce a kolik dni zbyva do zapoctu            }
{ Semestralni uloha c. 2, Vendelin Netresk, 3. 3. 2001                           }
{ Vyucujici napsal: "Funguje, ale proc?" Dal mi 7 bodu z 10. Odpoved neznam.     }
{ (Gaussuv algoritmus. Konstanty jsem opsal ze zdi u menzy.)                     }

program Velikonoce;

uses Dos;

const
  DenZapoctu = 17;      { 17. kvetna. Neposunuje se. Zkousel jsem to. }
  MesicZapoctu = 5;

var
  Rok, Mesic, Den, DenTydne: Word;

procedure NajdiNedeli(Rok: Word; var Mesic, Den: Word);
var
  A, B, C, D, E: Word;
begin
  A := Rok mod 19;
  B := Rok mod 4;
  C := Rok mod 7;
  D := (19 * A + 24) mod 30;
  E := (2 * B + 4 * C + 6 * D + 5) mod 7;
  Den := 22 + D + E;
  Mesic := 3;
  if Den > 31 then
  begin
    Den := Den - 31;
    Mesic := 4;
  end;
  { 1981 a 2049 vychazi spatne. V roce 2049 me to uz nebude zajimat. }
end;

begin
  GetDate(Rok, Mesic, Den, DenTydne);
  WriteLn('Do zapoctu zbyva ', (MesicZapoctu - Mesic) * 30 + DenZapoctu - Den, ' dni (mesic ma 30 dni, az do kvetna).');
  NajdiNedeli(Rok, Mesic, Den);
  WriteLn('Velikonocni nedele: ', Den, '. ', Mesic, '. ', Rok);
  WriteLn('Doporuceny zacatek uceni: pondeli po ni.');
end.
