/** What others wrote, as it may stand in a terminal or a list: in one line, with nothing that moves a cursor, hides or sounds. */
export function plainLine(text: string): string {
  return text.replace(/[\n\r\t]+/g, " ").replace(/[^\P{C}]/gu, "");
}
