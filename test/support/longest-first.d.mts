export { default } from '@jest/test-sequencer';
