/** What is wrong with a definition, as ValidateStateMachineDefinition answers it. */
export interface Diagnostic {
  readonly severity: 'ERROR';
  readonly code: string;
  readonly message: string;
  /** `/States/Name/Next` */
  readonly location?: string;
}

/** The definition is not one that this interpreter runs; says where and what. */
export class InvalidDefinition extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[], options?: ErrorOptions) {
    const texts = diagnostics.map(({ code, message, location }) => {
      const place = location?.startsWith('/') ? ` at ${location}` : '';
      return `'${code}: ${message}${place}'`;
    });
    super(`Invalid State Machine Definition: ${texts.join(', ')}`, options);
    this.name = 'InvalidDefinition';
    this.diagnostics = diagnostics;
  }
}

export const problem = (message: string, location?: string, code = 'SCHEMA_VALIDATION_FAILED'): Diagnostic => ({
  severity: 'ERROR',
  code,
  message,
  ...(location !== undefined && { location }),
});
