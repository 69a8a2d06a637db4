import { JsonPointer } from '@keyturn/consumer/contracts/json-pointer';
import * as v from 'valibot';
import { isPlain } from './plain-text.ts';

/** A place in a JSON value as a person writes it; empty for the whole. */
export const Place = v.pipe(
  JsonPointer,
  v.check(
    (pointer) => pointer.length <= 500 && (pointer === '' || isPlain(pointer)),
    'a JSON pointer of at most 500 characters, without < and >, control characters or marks of direction',
  ),
);
