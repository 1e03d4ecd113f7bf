// SPDX-License-Identifier: GPL-2.0-or-later

/** Names what an effect depends on beside the values it uses, so that it runs again with them. */
export function depends(..._values: readonly unknown[]): void {
  // Reading the values for the call is all there is to do.
}
