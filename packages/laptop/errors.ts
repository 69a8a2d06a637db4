export type LaptopErrorCode = 'PortTaken' | 'AssemblyUnusable' | 'FileUnusable';

/**
 * What keeps the laptop from starting, with a code that stays as it is.
 *
 * @example
 * ```ts
 * import { createCloud, LaptopError } from '@keyturn/laptop';
 *
 * await createCloud({ port: 4610 }).catch((error: unknown) => {
 *   if (error instanceof LaptopError && error.code === 'PortTaken') return createCloud();
 *   throw error;
 * });
 * ```
 */
export abstract class LaptopError extends Error {
  abstract readonly code: LaptopErrorCode;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** Another process listens on the port. */
export class PortTaken extends LaptopError {
  readonly code = 'PortTaken';
}

/** The folder holds no assembly, or one that the laptop cannot load. */
export class AssemblyUnusable extends LaptopError {
  readonly code = 'AssemblyUnusable';
}

/** A file that holds the key of a run cannot be made where it should lie. */
export class FileUnusable extends LaptopError {
  readonly code = 'FileUnusable';
}
