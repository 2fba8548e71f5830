/** A field shows again what it held before its last input, which was refused; the caret stands where it stood. */
export function putBack(field: HTMLTextAreaElement | HTMLInputElement, text: string): void {
  const end = field.selectionEnd ?? 0;
  const caret = Math.max(0, end - (field.value.length - text.length));
  field.value = text;
  field.setSelectionRange(caret, caret);
}
