import chromium from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

/** No sandbox: containers give the processes of a browser none of the namespaces that it wants. */
const FLAGS = ['--no-sandbox', '--no-zygote', '--disable-gpu', '--disable-dev-shm-usage', '--hide-scrollbars'];

/**
 * A real browser without a window. From the package on Linux x64; elsewhere KEYTURN_CHROMIUM names a Chromium or Chrome.
 * The flags of the package are left out: they switch off what the page's policy is tested against.
 */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env.KEYTURN_CHROMIUM ?? (await chromium.executablePath());
  return playwright.launch({ executablePath, args: FLAGS, headless: true });
}
