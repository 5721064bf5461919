import { relative } from 'node:path';
import TestSequencer from '@jest/test-sequencer';
import { longest } from './longest.mjs';

const places = new Map(longest.map((file, at) => [file, at]));

/**
 * Begins with the files that take longest. Jest knows them only where it ran before, and goes by size elsewhere: on a new machine one of several minutes that comes
 * last leaves all workers but one with nothing to do.
 */
export default class LongestFirst extends TestSequencer {
  sort(tests) {
    const placeOf = ({ path, context }) => places.get(relative(context.config.rootDir, path)) ?? longest.length;
    return super.sort(tests).sort((a, b) => placeOf(a) - placeOf(b));
  }
}
