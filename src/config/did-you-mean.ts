// The known name nearest to a mistyped one, for the end of a message. Plain Levenshtein distance over two rows; a
// suggestion is made up to a third of the name's length away, since a wilder guess misleads more than it helps.
// Limits: meant for lists of tens of short names.

const lengthMax = 64;
/** Of a name that goes on where the other one ends: nearer than another word of the same length. */
const partDistance = 3;

export function didYouMean(given: string, known: Iterable<string>): string {
  if (given.length > lengthMax) return '';
  let nearest = '';
  let nearestDistance = Math.max(2, Math.floor(given.length / 3)) + 1;
  for (const name of known) {
    const [here, there] = [given.toLowerCase(), name.toLowerCase()];
    const isPart = here.startsWith(there) || there.startsWith(here);
    const far = isPart ? Math.min(distance(here, there), partDistance) : distance(here, there);
    if (far < nearestDistance) {
      nearest = name;
      nearestDistance = far;
    }
  }
  return nearest === '' ? '' : `; did you mean ${nearest}?`;
}

function distance(from: string, to: string): number {
  let above = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const here = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const change = from[row - 1] === to[column - 1] ? 0 : 1;
      const replace = (above[column - 1] ?? 0) + change;
      here.push(Math.min(replace, (above[column] ?? 0) + 1, (here[column - 1] ?? 0) + 1));
    }
    above = here;
  }
  return above[to.length] ?? 0;
}
