/**
 * A bitmap font, so that sheets are the same on every machine. Drawn for this program: 5 pixels wide, 7 high and 2
 * below the line. Each glyph is 9 digits to base 32, one per row from the top; the bit 16 is the leftmost pixel. From
 * space to tilde, as in ASCII.
 */
const GLYPHS = [
  "000000000 444440400 aaa000000 aavavaa00 4fke5u400 op248j300 cik8lid00 448000000",
  "248884200 842224800 04lel4000 044v44000 00000c480 000v00000 00000cc00 01248g000",
  "ehjlphe00 4c4444e00 eh1248v00 v2421he00 26aiv2200 vgu11he00 68guhhe00 v12488800",
  "ehhehhe00 ehhf12c00 0cc0cc000 0cc0c4800 248g84200 00v0v0000 842124800 eh1240400",
  "eh1dlle00 ehhhvhh00 uhhuhhu00 ehggghe00 sihhhis00 vgguggv00 vgguggg00 ehgnhhf00",
  "hhhvhhh00 e44444e00 72222ic00 hikokih00 ggggggv00 hrllhhh00 hhpljhh00 ehhhhhe00",
  "uhhuggg00 ehhhlid00 uhhukih00 fgge11u00 v44444400 hhhhhhe00 hhhhha400 hhhllla00",
  "hha4ahh00 hhha44400 v1248gv00 e88888e00 0g8421000 e22222e00 4ah000000 0000000v0",
  "842000000 00e1fhf00 ggmphhu00 00egghe00 11djhhf00 00ehvge00 698s88800 00fhhhf1e",
  "ggmphhh00 40c444e00 2062222ic ggikoki00 c44444e00 00qllhh00 00mphhh00 00ehhhe00",
  "00uhhhugg 00fhhhf11 00mpggg00 00fge1u00 88s889600 00hhhjd00 00hhha400 00hhlla00",
  "00ha4ah00 00hhhhf1e 00v248v00 244844200 444444400 844244800 008l20000",
].flatMap((line) => line.split(" "));

/** What is not in the font. */
const UNKNOWN = "vhhhhhv00";

export const GLYPH_WIDTH = 5;
export const GLYPH_HEIGHT = 9;
/** From one letter to the next. */
export const GLYPH_ADVANCE = 6;

/** True where the letter has ink; accents are left away. */
export function glyphHas(letter: string, x: number, y: number): boolean {
  const plain = letter.normalize("NFKD").codePointAt(0) ?? 0;
  const rows = GLYPHS[plain - 32] ?? UNKNOWN;
  return ((Number.parseInt(rows[y]!, 32) >> (GLYPH_WIDTH - 1 - x)) & 1) === 1;
}
