// What many instances share, by a number that a row can hold: profiles, and lists of port numbers. A caller that adds one
// gives the numbers of neighbours that may have it already, so nothing is searched; one without users is forgotten.

export class SharedParts<Part extends object> {
  readonly #parts: (Part | undefined)[] = [];
  readonly #uses: number[] = [];
  readonly #free: number[] = [];

  get(number: number): Part {
    return this.#parts[number] as Part;
  }

  /** Its number, for one more user. */
  add(part: Part, neighbours: readonly number[]): number {
    const known = neighbours.find((number) => this.#parts[number] === part);
    const number = known ?? this.#free.pop() ?? this.#parts.length;
    this.#parts[number] = part;
    this.#uses[number] = (known === undefined ? 0 : (this.#uses[number] as number)) + 1;
    return number;
  }

  /** One user less. */
  delete(number: number): void {
    const uses = (this.#uses[number] as number) - 1;
    this.#uses[number] = uses;
    if (uses > 0) return;
    this.#parts[number] = undefined;
    this.#free.push(number);
  }
}
