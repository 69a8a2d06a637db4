import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.ts';

/** Who holds the copyright of packages that name their licence and ship no text of it: from their repositories. */
const holders: Readonly<Record<string, string>> = {
  '@aws-lambda-powertools/commons': 'Amazon.com, Inc. or its affiliates. All Rights Reserved.',
  '@aws-lambda-powertools/logger': 'Amazon.com, Inc. or its affiliates. All Rights Reserved.',
  '@aws-lambda-powertools/metrics': 'Amazon.com, Inc. or its affiliates. All Rights Reserved.',
  'pg-types': '2014 Brian M. Carlson',
  pgpass: '2013-2016 Hannes Hörl',
};

/** The text of the licence of a package that ships none; undefined where it is not known. */
export function missingLicenceText(name: string, licence: string): string | undefined {
  if (licence === 'Apache-2.0' && /^@(aws-sdk|smithy)\//.test(name)) return readFileSync(join(ROOT, 'LICENSE'), 'utf8');
  const holder = holders[name];
  if (holder === undefined) return undefined;
  if (licence === 'MIT-0') return `Copyright ${holder}\n\n${PERMISSION}.\n\n${WARRANTY}`;
  if (licence === 'MIT')
    return `Copyright (c) ${holder}\n\n${PERMISSION}, subject to the following conditions:\n\n${CONDITION}\n\n${WARRANTY}`;
  return undefined;
}

/** https://opensource.org/license/mit, https://opensource.org/license/mit-0 */
const PERMISSION = `Permission is hereby granted, free of charge, to any person obtaining a copy of this
software and associated documentation files (the "Software"), to deal in the Software
without restriction, including without limitation the rights to use, copy, modify,
merge, publish, distribute, sublicense, and/or sell copies of the Software, and to
permit persons to whom the Software is furnished to do so`;
const CONDITION = `The above copyright notice and this permission notice shall be included in all copies or
substantial portions of the Software.`;
const WARRANTY = `THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED,
INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR
PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE
FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER
DEALINGS IN THE SOFTWARE.`;
