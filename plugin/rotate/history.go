package rotate

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// revisionKey is where Helm keeps a revision, in a Secret or a ConfigMap.
const revisionKey = "release"

// revisions are those of the release: in Secrets or, where HELM_DRIVER is configmap, in
// ConfigMaps.
func (i Instance) revisions(ctx context.Context) ([]corev1.Secret, []corev1.ConfigMap, error) {
	own, err := i.Client.CoreV1().Secrets(i.Namespace).Get(ctx, i.Name, metav1.GetOptions{})
	if err != nil {
		return nil, nil, err
	}
	ofRelease := metav1.ListOptions{LabelSelector: "owner=helm,name=" + own.Annotations[releaseKey]}
	secrets, err := i.Client.CoreV1().Secrets(i.Namespace).List(ctx, ofRelease)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot list the release's revisions: %w", err)
	}
	configMaps, err := i.Client.CoreV1().ConfigMaps(i.Namespace).List(ctx, ofRelease)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot list the release's revisions: %w", err)
	}
	if len(secrets.Items)+len(configMaps.Items) == 0 {
		return nil, nil, fmt.Errorf("the release %q has no revision in a Secret or ConfigMap of namespace %s, which would name the Secrets to change: only what Helm has installed, with HELM_DRIVER secret or configmap, can be rotated", own.Annotations[releaseKey], i.Namespace)
	}
	return secrets.Items, configMaps.Items, nil
}

// namedInHistory are the Secrets that the release has: those of the revision that was
// deployed last, and of what has been tried since. What earlier ones had elsewhere Helm has
// removed, and who rotates may have no right any more to look.
func (i Instance) namedInHistory(ctx context.Context) ([]types.NamespacedName, error) {
	secrets, configMaps, err := i.revisions(ctx)
	if err != nil {
		return nil, err
	}
	revisions := map[int]string{}
	deployed := 0
	note := func(labels map[string]string, text string) {
		number, _ := strconv.Atoi(labels["version"])
		revisions[number] = text
		if labels["status"] == "deployed" {
			deployed = max(deployed, number)
		}
	}
	for _, secret := range secrets {
		note(secret.Labels, string(secret.Data[revisionKey]))
	}
	for _, configMap := range configMaps {
		note(configMap.Labels, configMap.Data[revisionKey])
	}
	var names []types.NamespacedName
	for number, text := range revisions {
		if number < deployed {
			continue
		}
		found, err := secretsIn(text, i.Namespace)
		if err != nil {
			return nil, fmt.Errorf("revision %d: %w", number, err)
		}
		names = append(names, found...)
	}
	slices.SortFunc(names, func(a, b types.NamespacedName) int { return strings.Compare(a.String(), b.String()) })
	return slices.Compact(names), nil
}

// secretsIn are the Secrets of a revision.
func secretsIn(text, namespace string) ([]types.NamespacedName, error) {
	_, manifest, err := unpack(text)
	if err != nil {
		return nil, err
	}
	var names []types.NamespacedName
	for decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(manifest), len(manifest)); ; {
		var object metav1.PartialObjectMetadata
		if err := decoder.Decode(&object); errors.Is(err, io.EOF) {
			return names, nil
		} else if err != nil {
			return nil, err
		}
		if object.APIVersion == "v1" && object.Kind == "Secret" {
			names = append(names, types.NamespacedName{Namespace: cmp.Or(object.Namespace, namespace), Name: object.Name})
		}
	}
}

// changeHistory puts the current password where the previous one stands in what
// Helm keeps of the release. A rollback applies what it finds there, be it by hand
// or after a failed upgrade, and would bring the previous one back into all
// Secrets, which Redis does not take any more.
func (i Instance) changeHistory(ctx context.Context, s state) error {
	secrets, configMaps, err := i.revisions(ctx)
	if err != nil {
		return err
	}
	for _, secret := range secrets {
		changed, err := changeRevision(string(secret.Data[revisionKey]), s)
		if err != nil {
			return fmt.Errorf("revision %s: %w", secret.Name, err)
		}
		secret.Data[revisionKey] = []byte(changed)
		if _, err := i.Client.CoreV1().Secrets(i.Namespace).Update(ctx, &secret, metav1.UpdateOptions{}); err != nil {
			return fmt.Errorf("cannot change the revision %s: %w; run this again", secret.Name, err)
		}
	}
	for _, configMap := range configMaps {
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
	revision, manifest, err := unpack(text)
	if err != nil {
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
	return pack(revision)
}

// unpack returns a revision, and its manifest.
func unpack(text string) (revision map[string]json.RawMessage, manifest string, err error) {
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, "", err
	}
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, "", err
	}
	decoded, err := io.ReadAll(reader)
	if err != nil {
		return nil, "", err
	}
	if err := json.Unmarshal(decoded, &revision); err != nil {
		return nil, "", err
	}
	if err := json.Unmarshal(revision["manifest"], &manifest); err != nil {
		return nil, "", err
	}
	return revision, manifest, nil
}

func pack(revision map[string]json.RawMessage) (string, error) {
	decoded, err := json.Marshal(revision)
	if err != nil {
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
