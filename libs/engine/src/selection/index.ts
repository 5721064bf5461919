export { applyRenames, checkRenames, type NamespaceName } from './renames.js';
export { createSelection, type Selection, type SelectionRequest } from './selection.js';
