package rotate

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// revisionKey is where Helm keeps a revision, in a Secret or a ConfigMap.
const revisionKey = "release"

// changeHistory puts the current password where the previous one stands in what
// Helm keeps of the release. A rollback applies what it finds there, be it by hand
// or after a failed upgrade, and would bring the previous one back into all
// Secrets, which Redis does not take any more.
func (i Instance) changeHistory(ctx context.Context, s state) error {
	own, err := i.Client.CoreV1().Secrets(i.Namespace).Get(ctx, i.Name, metav1.GetOptions{})
	if err != nil {
		return err
	}
	revisions := metav1.ListOptions{LabelSelector: "owner=helm,name=" + own.Labels["app.kubernetes.io/instance"]}
	secrets, err := i.Client.CoreV1().Secrets(i.Namespace).List(ctx, revisions)
	if err != nil {
		return fmt.Errorf("cannot list the release's revisions: %w", err)
	}
	for _, secret := range secrets.Items {
		changed, err := changeRevision(string(secret.Data[revisionKey]), s)
		if err != nil {
			return fmt.Errorf("revision %s: %w", secret.Name, err)
		}
		secret.Data[revisionKey] = []byte(changed)
		if _, err := i.Client.CoreV1().Secrets(i.Namespace).Update(ctx, &secret, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("cannot change the revision %s: %w; run this again", secret.Name, err)
		}
	}
	// Where HELM_DRIVER is configmap.
	configMaps, err := i.Client.CoreV1().ConfigMaps(i.Namespace).List(ctx, revisions)
	if err != nil {
		return fmt.Errorf("cannot list the release's revisions: %w", err)
	}
	for _, configMap := range configMaps.Items {
		changed, err := changeRevision(configMap.Data[revisionKey], s)
		if err != nil {
			return fmt.Errorf("revision %s: %w", configMap.Name, err)
		}
		configMap.Data[revisionKey] = changed
		if _, err := i.Client.CoreV1().ConfigMaps(i.Namespace).Update(ctx, &configMap, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("cannot change the revision %s: %w; run this again", configMap.Name, err)
		}
	}
	return nil
}

// changeRevision changes the manifest of a revision and nothing else: numbers of
// its values stay as they are written.
func changeRevision(text string, s state) (string, error) {
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", err
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", err
	}
	decoded, err := io.ReadAll(reader)
	if err != nil {
		return "", err
	}
	var revision map[string]json.RawMessage
	if err := json.Unmarshal(decoded, &revision); err != nil {
		return "", err
	}
	var manifest string
	if err := json.Unmarshal(revision["manifest"], &manifest); err != nil {
		return "", err
	}
	for _, t := range append([]login{{turn: s.turn}}, s.users...) {
		if t.previous != "" {
			manifest = strings.ReplaceAll(manifest, inManifest(t.previous), inManifest(t.current))
		}
	}
	if revision["manifest"], err = json.Marshal(manifest); err != nil {
		return "", err
	}
	if decoded, err = json.Marshal(revision); err != nil {
		return "", err
	}
	var repacked bytes.Buffer
	writer := gzip.NewWriter(&repacked)
	if _, err := writer.Write(decoded); err != nil {
		return "", err
	}
	if err := writer.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(repacked.Bytes()), nil
}

// inManifest is how a Secret has a password.
func inManifest(password string) string {
	return base64.StdEncoding.EncodeToString([]byte(password))
}
