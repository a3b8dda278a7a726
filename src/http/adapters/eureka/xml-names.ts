// Metadata keys as names of XML elements. A character that a name cannot have is written `_xHHHH_` with its code in hex,
// so that every key comes back as it was; common keys are written as they are.

const allowed = /^[A-Za-z_][A-Za-z0-9_.-]*$/;
const escaped = /_x([0-9a-f]{4,6})_/g;

export const elementNameOf = {
  encode(key: string): string {
    if (allowed.test(key) && key.search(escaped) < 0) return key;
    return [...key]
      .map((character, at) => {
        const isFine = (at === 0 ? /[A-Za-z]/ : /[A-Za-z0-9.-]/).test(character);
        return isFine ? character : `_x${(character.codePointAt(0) as number).toString(16).padStart(4, '0')}_`;
      })
      .join('');
  },

  decode(name: string): string {
    return name.replace(escaped, (whole, hex: string) => {
      const code = Number.parseInt(hex, 16);
      return code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
    });
  },
} as const;
