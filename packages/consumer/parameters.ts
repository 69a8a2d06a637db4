/** Reads parameters that change. */
export {
  type ParameterReadOptions,
  RotatingParametersProvider,
  type RotatingParametersProviderOptions,
} from './rotating-parameters-provider.ts';
