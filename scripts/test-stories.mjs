// npm run test:stories [-- NAME…]: what happens to a running installation over its years (test/stories/): destinations that are lost and come back, keys that are
// rotated, rewritten or live in AWS, drills over many slots, fleets of two versions, hooks, restore targets that other people use. With names only those files.
// The last line is `N passed, N failed[, N skipped]`.
import { runSuite } from './run-suite.mjs';

await runSuite('stories');
