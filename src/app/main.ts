// SPDX-License-Identifier: GPL-2.0-or-later
import '@fontsource-variable/inter/wght.css';
import '@fontsource-variable/jetbrains-mono/wght.css';
import '../ui/tokens.css';
import '../ui/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { missingFeature } from './features.ts';

const target = document.getElementById('app');
if (target === null) throw new Error('index.html has no #app');
target.replaceChildren();

const missing = missingFeature();
if (missing === null) {
  mount(App, { target });
} else {
  const message = document.createElement('p');
  message.className = 'starting';
  message.setAttribute('role', 'alert');
  message.textContent = missing;
  target.append(message);
}
