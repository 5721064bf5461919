export declare const longest: readonly string[];
