import vm from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';

/**
 * Jest's own environment for Node, on a plain global object. In Jest's, every use of a global (`Math`, `Promise`, `Buffer`) goes through the interceptors of a
 * contextified object and a proxy behind them: what computes is up to three times as slow as in the product. What Jest clears through that proxy at the end of a file
 * goes with the global object itself.
 */
export default class QuickEnvironment extends TestEnvironment {
  constructor(config, context) {
    const { createContext } = vm;
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY);
    try {
      super(config, context);
    } finally {
      vm.createContext = createContext;
    }
  }
}
