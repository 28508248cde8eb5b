// Chance that can be repeated: the same seed gives the same order, so that a resumed course looks as it was left.

export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function newSeed() {
  return Math.floor(Math.random() * 2 ** 31);
}

export function shuffled(list, random) {
  const result = [...list];
  for (let last = result.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [result[last], result[other]] = [result[other], result[last]];
  }
  return result;
}

// An order that has to be found must not be there from the start.
export function disordered(list, random) {
  const result = shuffled(list, random);
  const isInOrder = list.length > 1 && result.every((item, index) => item === list[index]);
  return isInOrder ? [...result.slice(1), result[0]] : result;
}

// A number that follows from a text, to give every question a chance of its own.
export function hashed(text) {
  return [...text].reduce((sum, letter) => (Math.imul(sum, 31) + letter.codePointAt(0)) >>> 0, 7);
}
