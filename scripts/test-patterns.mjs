import { isAbsolute, relative } from 'node:path';

const testEnding = /\.(test|spec)\.[cm]?[jt]sx?$/;

/**
 * Jest's patterns for the names that `npm test -- NAME…` was given. A name is meant literally, may end like a test file of any project
 * (`backup.test.js` means `backup`), and is looked for below the root alone: a clone in …/backup/hazina is not a test of backups.
 */
export function testPatterns(names, root) {
  return names.map((name) => {
    const path = isAbsolute(name) ? relative(root, name) : name.replace(/^\.\//, '');
    return `^${literally(root)}/.*${literally(path.replace(testEnding, ''))}`;
  });
}

function literally(text) {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
